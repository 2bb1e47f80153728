// Negotiating an association with DCMTK on a socket that we accepted ourselves.

#include "connection.hpp"

#include <dcmtk/config/osconfig.h>

#include <dcmtk/dcmnet/assoc.h>
#include <dcmtk/dcmnet/dcmlayer.h>
#include <dcmtk/dcmnet/dcmtrans.h>
#include <dcmtk/dcmnet/dul.h>

#include <vector>

namespace {

using rk::Channel;
using rk::Clock;

/// What DCMTK reads from and writes to. It never waits for long: the request lies in the channel before DCMTK is called.
///
/// Own class rather than DcmTCPConnection, which waits with select() in Debian's build: a descriptor above 1023 would write
/// outside its fd_set.
class Transport : public DcmTransportConnection {
public:
  // -1 keeps the base class from setting socket time-outs of its own.
  explicit Transport(std::shared_ptr<Channel> channel) : DcmTransportConnection(-1), channel_(std::move(channel)) {}

  OFCondition serverSideHandshake() override { return EC_Normal; }
  OFCondition clientSideHandshake() override { return EC_Normal; }
  OFCondition renegotiate(const char *) override { return EC_Normal; }

  ssize_t read(void *buffer, size_t count) override {
    size_t got = 0;
    const rk_status status = channel_->read_some(static_cast<uint8_t *>(buffer), count, &got);
    if (status.code == RK_OK) return static_cast<ssize_t>(got);
    errno = ECONNRESET;  // anything but EINTR, at which DCMTK would try again
    return -1;
  }

  ssize_t write(void *buffer, size_t count) override {
    if (channel_->write_all(static_cast<const uint8_t *>(buffer), count).code == RK_OK)
      return static_cast<ssize_t>(count);
    errno = ECONNRESET;
    return -1;
  }

  void close() override {}  // rk_connection decides when and how
  void closeTransportConnection() override {}
  unsigned long getPeerCertificateLength() override { return 0; }
  unsigned long getPeerCertificate(void *, unsigned long) override { return 0; }

  OFBool networkDataAvailable(int timeout) override {
    return channel_->wait(nullptr, Clock::now() + std::chrono::seconds(timeout)).code == RK_OK;
  }

  OFBool isTransparentConnection() override { return OFFalse; }  // select() on the socket would miss the read-ahead
  OFString &dumpConnectionParameters(OFString &text) override { return text = "TCP"; }

private:
  std::shared_ptr<Channel> channel_;
};

/// DCMTK takes an accepted socket through one global variable, so handing over is one at a time. It only parses what is
/// already in memory, some 0.1 ms.
std::mutex hand_over;
std::shared_ptr<Channel> handed_over;  // guarded by hand_over

class Layer : public DcmTransportLayer {
public:
  DcmTransportConnection *createConnection(DcmNativeSocketType, OFBool) override { return new Transport(handed_over); }
};

rk_status from_dcmtk(const char *tried, const OFCondition &condition) {
  return rk::failed(RK_PROTOCOL, "%s: %s", tried, condition.text());
}

/// The one acceptor network of the process, which never listens: a valid external handle tells DCMTK not to.
T_ASC_Network *acceptor_network(rk_status *status) {
  static T_ASC_Network *network = nullptr;
  if (network != nullptr) return network;
  T_ASC_Network *opened = nullptr;
  OFCondition condition = ASC_initializeNetwork(NET_ACCEPTOR, 0, 5, &opened);
  if (condition.good()) condition = ASC_setTransportLayer(opened, new Layer, 1);
  if (condition.bad()) *status = from_dcmtk("open DCMTK's network", condition);
  else network = opened;
  return network;
}

}  // namespace

rk_connection::rk_connection(int descriptor, std::string peer)
    : peer(std::move(peer)), channel(std::make_shared<Channel>(descriptor)) {}

rk_connection::~rk_connection() {
  drop_association();
  channel->close();
}

void rk_connection::drop_association() {
  if (association_ != nullptr) ASC_destroyAssociation(&association_);
  association_ = nullptr;
}

rk_status rk_connection::negotiate(const rk_limits &limits, const rk_wake *wake) {
  if (limits_.maximum_pdu != 0) return rk::failed(RK_BAD_ARGUMENT, "negotiate twice");
  limits_ = limits;
  wake_ = wake;
  const auto deadline = Clock::now() + std::chrono::milliseconds(limits.negotiation_ms);
  uint8_t head[6];
  rk_status status = channel->read_exactly_by(head, sizeof head, deadline, wake);
  if (status.code != RK_OK) return status;
  if (head[0] != 1) return rk::failed(RK_PROTOCOL, "the first PDU has type %d, not A-ASSOCIATE-RQ", head[0]);
  const uint32_t length = static_cast<uint32_t>(head[2]) << 24 | head[3] << 16 | head[4] << 8 | head[5];
  if (length < 68 || length > limits.maximum_request)
    return rk::failed(RK_PROTOCOL, "A-ASSOCIATE-RQ of %u bytes", length);
  // Room grows with what has come, not with what the peer claims.
  std::vector<uint8_t> pdu(head, head + sizeof head);
  const size_t whole = sizeof head + length;
  while (pdu.size() < whole) {
    const size_t there = pdu.size();
    pdu.resize(there + (whole - there < 4096 ? whole - there : 4096));
    status = channel->read_exactly_by(pdu.data() + there, pdu.size() - there, deadline, wake);
    if (status.code != RK_OK) return status;
  }
  status = request.parse(pdu.data() + sizeof head, length);
  if (status.code != RK_OK) return status;
  channel->set_pace(limits.progress_ms);
  channel->unread(pdu.data(), pdu.size());
  return offer_to_dcmtk();
}

rk_status rk_connection::offer_to_dcmtk() {
  std::lock_guard<std::mutex> lock(hand_over);
  dcmExternalSocketHandle.set(channel->descriptor());
  handed_over = channel;
  rk_status status = rk::ok();
  T_ASC_Network *network = acceptor_network(&status);
  if (network != nullptr) {
    const OFCondition condition =
        ASC_receiveAssociation(network, &association_, static_cast<long>(limits_.maximum_pdu));
    if (condition.bad()) status = from_dcmtk("read A-ASSOCIATE-RQ", condition);
  }
  handed_over.reset();
  dcmExternalSocketHandle.set(-1);
  return status;
}

rk_status rk_connection::accept_context(uint8_t id, const char *transfer_syntax) {
  if (association_ == nullptr) return rk::failed(RK_BAD_ARGUMENT, "accept a context of no association");
  const OFCondition condition = ASC_acceptPresentationContext(association_->params, id, transfer_syntax);
  if (condition.bad()) return from_dcmtk("accept a presentation context", condition);
  accepted_[id] = true;
  return rk::ok();
}

rk_status rk_connection::refuse_context(uint8_t id, uint8_t reason) {
  if (association_ == nullptr) return rk::failed(RK_BAD_ARGUMENT, "refuse a context of no association");
  const OFCondition condition =
      ASC_refusePresentationContext(association_->params, id, static_cast<T_ASC_P_ResultReason>(reason));
  if (condition.bad()) return from_dcmtk("refuse a presentation context", condition);
  return rk::ok();
}

rk_status rk_connection::acknowledge(const char *implementation_uid, const char *version) {
  if (association_ == nullptr) return rk::failed(RK_BAD_ARGUMENT, "acknowledge no association");
  T_ASC_Parameters *parameters = association_->params;
  rk::copy_text(parameters->ourImplementationClassUID, sizeof parameters->ourImplementationClassUID,
                implementation_uid, strlen(implementation_uid));
  rk::copy_text(parameters->ourImplementationVersionName, sizeof parameters->ourImplementationVersionName, version,
                strlen(version));
  const OFCondition condition = ASC_acknowledgeAssociation(association_);
  if (condition.bad()) return from_dcmtk("send A-ASSOCIATE-AC", condition);
  free(association_->sendPDVBuffer);  // 128 KiB for DIMSE_send…, which we do not use
  association_->sendPDVBuffer = nullptr;
  association_->sendPDVLength = 0;
  established_ = true;
  return rk::ok();
}

void rk_connection::reject(uint8_t result, uint8_t source, uint8_t reason, int32_t wait_ms) {
  if (association_ == nullptr && wait_ms > 0)
    channel->wait(nullptr, Clock::now() + std::chrono::milliseconds(wait_ms));
  const uint8_t pdu[10] = {3, 0, 0, 0, 0, 4, 0, result, source, reason};
  channel->write_all(pdu, sizeof pdu);
  channel->drain_and_close(1000, true);
  drop_association();
}

void rk_connection::release() {
  if (association_ != nullptr && established_) ASC_acknowledgeRelease(association_);
  established_ = false;
  channel->drain_and_close(2000, false);  // it is the requestor who closes (PS3.8 9.2, AR-4)
  drop_association();
}

void rk_connection::abort(uint8_t source, uint8_t reason) {
  established_ = false;
  const uint8_t pdu[10] = {7, 0, 0, 0, 0, 4, 0, 0, source, reason};
  channel->write_all(pdu, sizeof pdu);
  channel->drain_and_close(500, true);
  drop_association();
}
