#include "command.hpp"

#include <cstring>

namespace rk {

namespace {

uint16_t little16(const uint8_t *at) { return static_cast<uint16_t>(at[0] | at[1] << 8); }
uint32_t little32(const uint8_t *at) { return little16(at) | static_cast<uint32_t>(little16(at + 2)) << 16; }

/// Copies a UID or AE title without its padding; false if it is longer than the target.
template <size_t size> bool copy_value(char (&target)[size], const uint8_t *value, size_t length) {
  while (length > 0 && (value[length - 1] == 0 || value[length - 1] == ' ')) length--;
  if (length >= size || memchr(value, 0, length) != nullptr) return false;
  rk::copy_text(target, size, reinterpret_cast<const char *>(value), length);
  return true;
}

}  // namespace

rk_status parse_command(const std::vector<uint8_t> &bytes, rk_message *message) {
  bool has_field = false, has_data_set_type = false;
  size_t at = 0;
  while (at < bytes.size()) {
    if (bytes.size() - at < 8) return failed(RK_PROTOCOL, "a command element is cut off");
    const uint16_t group = little16(&bytes[at]), element = little16(&bytes[at + 2]);
    const uint32_t length = little32(&bytes[at + 4]);
    at += 8;
    if (group != 0) return failed(RK_PROTOCOL, "group %04x in a command set", group);
    if (length > bytes.size() - at) return failed(RK_PROTOCOL, "command element (0000,%04x) is too long", element);
    const uint8_t *value = bytes.data() + at;
    const uint16_t number = length == 2 ? little16(value) : 0;
    bool good = true;
    switch (element) {
      case 0x0002: good = copy_value(message->sop_class, value, length); break;
      case 0x0003: good = copy_value(message->sop_class, value, length); break;
      case 0x0100: message->command_field = number; has_field = good = length == 2; break;
      case 0x0110: message->message_id = number; good = length == 2; break;
      case 0x0120: message->message_id = number; good = length == 2; break;
      case 0x0700: message->priority = number; good = length == 2; break;
      case 0x0800: message->has_data_set = number != 0x0101; has_data_set_type = good = length == 2; break;
      case 0x1000:
      case 0x1001: good = copy_value(message->sop_instance, value, length); break;
      case 0x1030: good = copy_value(message->move_originator, value, length); break;
      case 0x1031: message->move_originator_id = number; good = length == 2; break;
      default: break;
    }
    if (!good) return failed(RK_PROTOCOL, "command element (0000,%04x) has a wrong length", element);
    at += length;
  }
  if (!has_field) return failed(RK_PROTOCOL, "a command without Command Field");
  if (!has_data_set_type) return failed(RK_PROTOCOL, "a command without Command Data Set Type");
  return ok();
}

}  // namespace rk
