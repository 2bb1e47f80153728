#pragma once

#include "channel.hpp"
#include "request.hpp"
#include "spool.hpp"

#include <memory>
#include <string>

struct T_ASC_Association;

/// See cdcmtk.h. DCMTK negotiates (parses the request, builds the answer) and releases; commands and data sets are read and
/// written here, straight between the socket and the spool. Why not DIMSE_receiveCommand and DUL_ReadPDVs:
/// a command of endless fragments would grow without limit in them, every association would touch 128 KiB for its PDU buffer
/// and every byte would be copied once more; and they refuse data sets in syntaxes that DCMTK does not know.
struct rk_connection {
  explicit rk_connection(int descriptor, std::string peer);
  ~rk_connection();
  rk_connection(const rk_connection &) = delete;
  rk_connection &operator=(const rk_connection &) = delete;

  // connection.cpp
  rk_status negotiate(const rk_limits &limits, const rk_wake *wake);
  rk_status acknowledge(const char *implementation_uid, const char *version);
  rk_status accept_context(uint8_t id, const char *transfer_syntax);
  rk_status refuse_context(uint8_t id, uint8_t reason);
  void reject(uint8_t result, uint8_t source, uint8_t reason, int32_t wait_ms);
  void release();
  void abort(uint8_t source, uint8_t reason);

  // message.cpp
  rk_status receive(rk_message *out);
  rk_status receive_data_set(rk_spool *spool, uint64_t limit, rk_status *storage);
  rk_status respond(const rk_response &response);

  const std::string peer;
  rk::Request request;
  const std::shared_ptr<rk::Channel> channel;

private:
  /// The head of a presentation data value (PS3.8 9.3.5.1), and how much of it is still to be read.
  struct Value {
    uint8_t context = 0;
    bool is_command = false;
    bool is_last = false;
    uint32_t left = 0;
  };

  rk_status offer_to_dcmtk();
  rk_status next_value(bool *is_release);
  rk_status other_pdu(const uint8_t head[6], bool *is_release);
  rk_status drop_rest_of_value(rk_status *storage, uint64_t *dropped, uint64_t limit);
  void drop_association();

  rk_limits limits_ = {};
  const rk_wake *wake_ = nullptr;
  T_ASC_Association *association_ = nullptr;
  bool established_ = false;
  bool accepted_[256] = {};
  uint32_t pdu_left_ = 0;
  Value value_;
  bool data_set_expected_ = false;
  uint8_t data_set_context_ = 0;
};
