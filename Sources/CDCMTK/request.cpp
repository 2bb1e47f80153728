// Walking an A-ASSOCIATE-RQ.

#include "request.hpp"

namespace rk {
namespace {

constexpr size_t uid_capacity = 64;
constexpr size_t most_contexts = 128;

enum Item : uint8_t {
  application_context = 0x10,
  presentation_context = 0x20,
  presentation_context_answer = 0x21,
  abstract_syntax = 0x30,
  transfer_syntax = 0x40,
  user_information = 0x50,
  maximum_length = 0x51,
  implementation_class = 0x52,
  role_selection = 0x54,
  implementation_version = 0x55,
  extended_negotiation = 0x56,
  user_identity = 0x58,
  user_identity_answer = 0x59,
};

/// A run of bytes that is eaten from the front.
struct Bytes {
  const uint8_t *at;
  size_t count;

  uint16_t big16(size_t offset) const { return static_cast<uint16_t>(at[offset] << 8 | at[offset + 1]); }

  /// Takes one item (type, reserved, 16-bit length, content) off the front.
  bool take(uint8_t *type, Bytes *content) {
    if (count < 4) return false;
    const size_t length = big16(2);
    if (count - 4 < length) return false;
    *type = at[0];
    *content = {at + 4, length};
    at += 4 + length;
    count -= 4 + length;
    return true;
  }

  /// The text without padding; false if it is longer than a UID may be.
  bool uid(std::string *text) const {
    if (count > uid_capacity) return false;
    size_t length = strnlen(reinterpret_cast<const char *>(at), count);
    while (length > 0 && at[length - 1] == ' ') length--;
    text->assign(reinterpret_cast<const char *>(at), length);
    return true;
  }
};

rk_status broken(const char *what) { return failed(RK_PROTOCOL, "A-ASSOCIATE-RQ: %s", what); }

void copy_title(char target[17], const uint8_t *source) {
  size_t length = strnlen(reinterpret_cast<const char *>(source), 16);
  while (length > 0 && source[length - 1] == ' ') length--;
  size_t first = 0;
  while (first < length && source[first] == ' ') first++;
  copy_text(target, 17, reinterpret_cast<const char *>(source) + first, length - first);
}

rk_status parse_context(Bytes content, Request::Context *context) {
  if (content.count < 4) return broken("a presentation context is too short");
  context->id = content.at[0];
  if ((context->id & 1) == 0) return broken("a presentation context has an even identifier");
  Bytes items = {content.at + 4, content.count - 4};
  while (items.count > 0) {
    uint8_t type = 0;
    Bytes item = {};
    if (!items.take(&type, &item)) return broken("an item is longer than its presentation context");
    std::string uid;
    if (type == abstract_syntax || type == transfer_syntax) {
      if (!item.uid(&uid)) return broken("a UID has more than 64 characters");
      if (uid.empty()) return broken("a UID is empty");
      if (type == transfer_syntax) context->transfer_syntaxes.push_back(uid);
      else context->abstract_syntax = uid;
    }
  }
  if (context->abstract_syntax.empty()) return broken("a presentation context has no abstract syntax");
  if (context->transfer_syntaxes.empty()) return broken("a presentation context has no transfer syntax");
  return ok();
}

/// The lengths inside the user items that DCMTK parses.
bool is_sound(uint8_t type, Bytes item) {
  switch (type) {
    case maximum_length: return item.count == 4;
    case implementation_class:
    case implementation_version: return item.count <= uid_capacity;
    case role_selection: return item.count >= 4 && item.big16(0) <= uid_capacity && item.count - 4 >= item.big16(0);
    case extended_negotiation: return item.count >= 2 && item.count - 2 >= item.big16(0);
    case user_identity_answer: return false;  // DCMTK would parse it as if it were the question
    case user_identity: {
      if (item.count < 6) return false;
      const size_t primary = item.big16(2);
      if (item.count - 6 < primary) return false;
      const size_t secondary = item.big16(4 + primary);
      const bool is_password = item.at[0] == 2;  // DCMTK skips a second field of other kinds wrongly
      return item.count - 6 - primary == secondary && (is_password || secondary == 0);
    }
    default: return true;
  }
}

rk_status parse_user_information(Bytes items, rk_titles *titles) {
  bool has_identity = false;
  while (items.count > 0) {
    uint8_t type = 0;
    Bytes item = {};
    if (!items.take(&type, &item)) return broken("an item is longer than the user information");
    if (!is_sound(type, item)) return broken("a user item has a wrong length");
    const char *text = reinterpret_cast<const char *>(item.at);
    switch (type) {
      case maximum_length:
        titles->maximum_pdu = static_cast<uint32_t>(item.big16(0)) << 16 | item.big16(2);
        break;
      case implementation_class:
        copy_text(titles->implementation_uid, sizeof titles->implementation_uid, text, strnlen(text, item.count));
        break;
      case implementation_version:
        copy_text(titles->implementation_version, sizeof titles->implementation_version, text,
                  strnlen(text, item.count));
        break;
      case user_identity:
        if (has_identity) return broken("two user identities");
        has_identity = true;
        break;
      default: break;
    }
  }
  // DCMTK cannot write to a peer that wants less than 14 bytes at a time; 0 means no limit (PS3.8 D.1).
  if (titles->maximum_pdu != 0 && titles->maximum_pdu < 128) return broken("the maximum PDU length is senseless");
  return ok();
}

}  // namespace

rk_status Request::parse(const uint8_t *bytes, size_t count) {
  if (count < 68) return broken("too short");
  if ((bytes[1] & 1) == 0) return broken("another protocol version");
  copy_title(titles.called, bytes + 4);
  copy_title(titles.calling, bytes + 20);
  if (titles.called[0] == '\0' || titles.calling[0] == '\0') return broken("an AE title is empty");
  Bytes items = {bytes + 68, count - 68};
  bool seen[256] = {};
  bool has_user_information = false;
  while (items.count > 0) {
    uint8_t type = 0;
    Bytes item = {};
    if (!items.take(&type, &item)) return broken("an item is longer than the request");
    rk_status status = ok();
    if (type == application_context) {
      std::string name;
      if (!item.uid(&name)) return broken("a UID has more than 64 characters");
      copy_text(titles.application_context, sizeof titles.application_context, name.data(), name.size());
    } else if (type == presentation_context) {
      Context context;
      status = parse_context(item, &context);
      if (status.code != RK_OK) return status;
      if (seen[context.id]) return broken("two presentation contexts have one identifier");
      seen[context.id] = true;
      if (contexts.size() == most_contexts) return broken("more than 128 presentation contexts");
      contexts.push_back(std::move(context));
    } else if (type == presentation_context_answer) {
      return broken("an answer among the presentation contexts");  // DCMTK would take it for a proposal
    } else if (type == user_information) {
      if (has_user_information) return broken("two user information items");
      has_user_information = true;
      status = parse_user_information(item, &titles);
    }
    if (status.code != RK_OK) return status;
  }
  if (contexts.empty()) return broken("no presentation context");
  return ok();
}

}  // namespace rk
