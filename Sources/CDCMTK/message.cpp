// Reading commands and data sets, writing responses: PS3.8 9.3.5 (P-DATA) and PS3.7 6.3 (command sets).

#include "command.hpp"
#include "connection.hpp"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/cond.h>
#include <dcmtk/dcmnet/dul.h>

#include <string>
#include <vector>

namespace {

using rk::Clock;

constexpr size_t longest_command = 16 << 10;  // C-STORE-RQ has about 300 bytes

uint32_t big32(const uint8_t *at) {
  return static_cast<uint32_t>(at[0]) << 24 | static_cast<uint32_t>(at[1]) << 16 | at[2] << 8 | at[3];
}

/// Writes a command set.
struct CommandWriter {
  std::vector<uint8_t> bytes;

  void element(uint16_t number, const void *value, size_t length, char padding) {
    const size_t padded = (length + 1) & ~static_cast<size_t>(1);
    const uint8_t head[8] = {0,
                             0,
                             static_cast<uint8_t>(number),
                             static_cast<uint8_t>(number >> 8),
                             static_cast<uint8_t>(padded),
                             static_cast<uint8_t>(padded >> 8),
                             0,
                             0};
    bytes.insert(bytes.end(), head, head + 8);
    const uint8_t *first = static_cast<const uint8_t *>(value);
    bytes.insert(bytes.end(), first, first + length);
    if (padded != length) bytes.push_back(static_cast<uint8_t>(padding));
  }
  void us(uint16_t number, uint16_t value) {
    const uint8_t little[2] = {static_cast<uint8_t>(value), static_cast<uint8_t>(value >> 8)};
    element(number, little, 2, 0);
  }
  void ui(uint16_t number, const char *value) {
    if (value[0] != '\0') element(number, value, strlen(value), '\0');
  }
};

}  // namespace

/// Reads up to the head of the next value, or to the end of the association.
rk_status rk_connection::next_value(bool *is_release) {
  if (pdu_left_ == 0) {
    uint8_t head[6];
    rk_status status = channel->read_exactly(head, sizeof head);
    if (status.code != RK_OK) return status;
    if (head[0] != 4) return other_pdu(head, is_release);
    const uint32_t length = big32(head + 2);
    if (length < 6 || length > limits_.maximum_pdu) return rk::failed(RK_PROTOCOL, "P-DATA of %u bytes", length);
    pdu_left_ = length;
  }
  if (pdu_left_ < 6) return rk::failed(RK_PROTOCOL, "a P-DATA PDU ends inside the head of a value");
  uint8_t head[6];
  const rk_status status = channel->read_exactly(head, sizeof head);
  if (status.code != RK_OK) return status;
  const uint32_t length = big32(head);
  if (length < 2 || length > pdu_left_ - 4) return rk::failed(RK_PROTOCOL, "a value of %u bytes in its PDU", length);
  pdu_left_ -= 4 + length;
  value_.context = head[4];
  value_.is_command = (head[5] & 1) != 0;
  value_.is_last = (head[5] & 2) != 0;
  value_.left = length - 2;
  if (!accepted_[value_.context])
    return rk::failed(RK_PROTOCOL, "a value in presentation context %d, which was not accepted", value_.context);
  return rk::ok();
}

/// DCMTK's state machine answers for everything but P-DATA.
rk_status rk_connection::other_pdu(const uint8_t head[6], bool *is_release) {
  const uint8_t type = head[0];
  if (type != 5 && type != 7) return rk::failed(RK_PROTOCOL, "a PDU of type %d inside an association", type);
  channel->unread(head, 6);
  const OFCondition condition = DUL_ReadPDVs(&association_->DULassociation, nullptr, DUL_NOBLOCK, 5);
  if (condition == DUL_PEERREQUESTEDRELEASE) {
    if (is_release == nullptr) return rk::failed(RK_PROTOCOL, "A-RELEASE-RQ inside a message");
    *is_release = true;
    return rk::ok();
  }
  established_ = false;
  if (condition == DUL_PEERABORTEDASSOCIATION) return rk::failed(RK_ABORTED, "the peer aborted the association");
  return rk::failed(RK_PROTOCOL, "a broken PDU of type %d: %s", type, condition.text());
}

rk_status rk_connection::receive(rk_message *out) {
  *out = {};
  if (!established_) return rk::failed(RK_BAD_ARGUMENT, "receive without an association");
  if (data_set_expected_) return rk::failed(RK_BAD_ARGUMENT, "receive a command before the data set");
  if (pdu_left_ == 0) {
    const auto deadline = Clock::now() + std::chrono::milliseconds(limits_.idle_ms);
    const rk_status status = channel->wait(wake_, deadline);
    if (status.code != RK_OK) return status;
  }
  std::vector<uint8_t> command;
  do {
    rk_status status = next_value(command.empty() ? &out->is_release : nullptr);
    if (status.code != RK_OK || out->is_release) return status;
    if (!value_.is_command) return rk::failed(RK_PROTOCOL, "a data set where a command belongs");
    if (!command.empty() && value_.context != out->context_id)
      return rk::failed(RK_PROTOCOL, "a command in two presentation contexts");
    if (value_.left > longest_command - command.size()) return rk::failed(RK_PROTOCOL, "a command over 16 KiB");
    out->context_id = value_.context;
    const size_t there = command.size();
    command.resize(there + value_.left);
    status = channel->read_exactly(command.data() + there, value_.left);
    if (status.code != RK_OK) return status;
    if (value_.left == 0 && !value_.is_last) return rk::failed(RK_PROTOCOL, "an empty piece of a command");
  } while (!value_.is_last);
  const rk_status status = rk::parse_command(command, out);
  if (status.code != RK_OK) return status;
  data_set_expected_ = out->has_data_set;
  data_set_context_ = out->context_id;
  return rk::ok();
}

/// Reads and forgets what is left of a value once its storage has failed.
rk_status rk_connection::drop_rest_of_value(rk_status *storage, uint64_t *dropped, uint64_t limit) {
  uint8_t nowhere[16 << 10];
  while (value_.left > 0) {
    size_t got = 0;
    const size_t wanted = value_.left < sizeof nowhere ? value_.left : sizeof nowhere;
    const rk_status status = channel->read_some(nowhere, wanted, &got);
    if (status.code != RK_OK) return status;
    value_.left -= static_cast<uint32_t>(got);
    *dropped += got;
    if (*dropped > limit) return rk::failed(RK_TOO_LARGE, "%s; and the peer goes on sending", storage->text);
  }
  return rk::ok();
}

rk_status rk_connection::receive_data_set(rk_spool *spool, uint64_t limit, rk_status *storage) {
  *storage = rk::ok();
  if (!established_ || !data_set_expected_) return rk::failed(RK_BAD_ARGUMENT, "receive a data set that was not announced");
  uint64_t kept = 0, dropped = 0;
  do {
    rk_status status = next_value(nullptr);
    if (status.code != RK_OK) return status;
    if (value_.is_command) return rk::failed(RK_PROTOCOL, "a command where a data set belongs");
    if (value_.context != data_set_context_) return rk::failed(RK_PROTOCOL, "a data set in another presentation context");
    while (value_.left > 0 && spool != nullptr && storage->code == RK_OK) {
      if (kept + value_.left > limit) {
        *storage = rk::failed(RK_TOO_LARGE, "an object over %llu bytes", static_cast<unsigned long long>(limit));
        break;
      }
      uint8_t *target = nullptr;
      size_t room = 0, got = 0;
      *storage = spool->reserve(&target, &room);
      if (storage->code != RK_OK) break;
      status = channel->read_some(target, value_.left < room ? value_.left : room, &got);
      if (status.code != RK_OK) return status;
      value_.left -= static_cast<uint32_t>(got);
      kept += got;
      *storage = spool->commit(got);
    }
    status = drop_rest_of_value(storage, &dropped, limit);
    if (status.code != RK_OK) return status;
  } while (!value_.is_last);
  data_set_expected_ = false;
  return rk::ok();
}

rk_status rk_connection::respond(const rk_response &response) {
  if (!established_) return rk::failed(RK_BAD_ARGUMENT, "respond without an association");
  CommandWriter command;
  command.ui(0x0002, response.sop_class);
  command.us(0x0100, response.command_field);
  command.us(0x0120, response.message_id);
  command.us(0x0800, 0x0101);
  command.us(0x0900, response.status);
  if (response.comment[0] != '\0') command.element(0x0902, response.comment, strlen(response.comment), ' ');
  command.ui(0x1000, response.sop_instance);
  CommandWriter whole;
  const uint32_t length = static_cast<uint32_t>(command.bytes.size());
  const uint8_t little[4] = {static_cast<uint8_t>(length), static_cast<uint8_t>(length >> 8), 0, 0};
  whole.element(0x0000, little, 4, 0);
  whole.bytes.insert(whole.bytes.end(), command.bytes.begin(), command.bytes.end());

  // One write for everything: pieces would wait for each other's acknowledgements at a peer that lets them.
  const uint32_t most = request.titles.maximum_pdu == 0 ? limits_.maximum_pdu : request.titles.maximum_pdu;
  std::vector<uint8_t> pdus;
  for (size_t at = 0; at < whole.bytes.size();) {
    const size_t piece = whole.bytes.size() - at < most - 6 ? whole.bytes.size() - at : most - 6;
    const bool is_last = at + piece == whole.bytes.size();
    const uint32_t pdu = static_cast<uint32_t>(piece) + 6, value = static_cast<uint32_t>(piece) + 2;
    const uint8_t head[12] = {4, 0,
                              static_cast<uint8_t>(pdu >> 24), static_cast<uint8_t>(pdu >> 16),
                              static_cast<uint8_t>(pdu >> 8), static_cast<uint8_t>(pdu),
                              static_cast<uint8_t>(value >> 24), static_cast<uint8_t>(value >> 16),
                              static_cast<uint8_t>(value >> 8), static_cast<uint8_t>(value),
                              response.context_id, static_cast<uint8_t>(is_last ? 3 : 1)};
    pdus.insert(pdus.end(), head, head + sizeof head);
    pdus.insert(pdus.end(), whole.bytes.begin() + static_cast<std::ptrdiff_t>(at),
                whole.bytes.begin() + static_cast<std::ptrdiff_t>(at + piece));
    at += piece;
  }
  return channel->write_all(pdus.data(), pdus.size());
}
