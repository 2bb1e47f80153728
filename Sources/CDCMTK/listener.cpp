// The listening socket, and the exported face of connections.

#include "connection.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

struct rk_listener {
  int descriptor = -1;
  uint16_t port = 0;
};

namespace {

/// "address:port", numeric: no name service is asked.
std::string describe(const sockaddr_storage &address, socklen_t length) {
  char host[NI_MAXHOST], service[NI_MAXSERV];
  if (getnameinfo(reinterpret_cast<const sockaddr *>(&address), length, host, sizeof host, service, sizeof service,
                  NI_NUMERICHOST | NI_NUMERICSERV) != 0)
    return "unknown";
  const bool is_v6 = strchr(host, ':') != nullptr;
  return (is_v6 ? "[" : "") + std::string(host) + (is_v6 ? "]:" : ":") + service;
}

rk_status listen_on(const addrinfo &address, int32_t backlog, rk_listener *listener) {
  const int descriptor = socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (descriptor < 0) return rk::failed_call(RK_FAILED, "open a socket");
  const int one = 1;
  setsockopt(descriptor, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
  if (bind(descriptor, address.ai_addr, address.ai_addrlen) != 0 || listen(descriptor, backlog) != 0) {
    const rk_status status = rk::failed_call(RK_FAILED, "listen");
    close(descriptor);
    return status;
  }
  sockaddr_storage bound = {};
  socklen_t length = sizeof bound;
  getsockname(descriptor, reinterpret_cast<sockaddr *>(&bound), &length);
  listener->port = ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<sockaddr_in6 *>(&bound)->sin6_port
                                                     : reinterpret_cast<sockaddr_in *>(&bound)->sin_port);
  listener->descriptor = descriptor;
  return rk::ok();
}

rk_status open_listener(const char *host, uint16_t port, int32_t backlog, rk_listener **out) {
  *out = nullptr;
  addrinfo wanted = {};
  wanted.ai_socktype = SOCK_STREAM;
  wanted.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
  addrinfo *found = nullptr;
  const int error = getaddrinfo(host[0] == '\0' ? nullptr : host, std::to_string(port).c_str(), &wanted, &found);
  if (error != 0) return rk::failed(RK_FAILED, "look up the address to listen on: %s", gai_strerror(error));
  rk_listener opened;
  rk_status status = rk::ok();
  for (const addrinfo *address = found; address != nullptr; address = address->ai_next) {
    status = listen_on(*address, backlog, &opened);
    if (status.code == RK_OK) break;
  }
  freeaddrinfo(found);
  if (status.code == RK_OK) *out = new rk_listener(opened);
  return status;
}

rk_status accept_one(rk_listener *listener, const rk_wake *wake, int32_t timeout_ms, rk_connection **out) {
  *out = nullptr;
  const auto deadline = rk::Clock::now() + std::chrono::milliseconds(timeout_ms);
  const rk_status waited = rk::wait_readable(listener->descriptor, wake, deadline, "wait for a connection");
  if (waited.code == RK_TIMED_OUT) return rk::ok();
  if (waited.code != RK_OK) return waited;
  sockaddr_storage peer = {};
  socklen_t length = sizeof peer;
  const int descriptor = accept4(listener->descriptor, reinterpret_cast<sockaddr *>(&peer), &length, SOCK_CLOEXEC);
  if (descriptor < 0) {
    // The peer may have gone between poll and accept.
    if (errno == EAGAIN || errno == EINTR || errno == ECONNABORTED || errno == EPROTO) return rk::ok();
    return rk::failed_call(RK_FAILED, "accept a connection");
  }
  try {
    *out = new rk_connection(descriptor, describe(peer, length));
  } catch (...) {
    close(descriptor);
    throw;
  }
  return rk::ok();
}

}  // namespace

rk_status rk_listener_open(const char *host, uint16_t port, int32_t backlog, rk_listener **out) {
  return rk::guarded("listen", [&] { return open_listener(host, port, backlog, out); });
}
uint16_t rk_listener_port(const rk_listener *listener) { return listener->port; }
rk_status rk_listener_accept(rk_listener *listener, rk_wake *wake, int32_t timeout_ms, rk_connection **out) {
  return rk::guarded("accept a connection", [&] { return accept_one(listener, wake, timeout_ms, out); });
}
void rk_listener_close(rk_listener *listener) {
  if (listener->descriptor >= 0) close(listener->descriptor);
  listener->descriptor = -1;
}
void rk_listener_free(rk_listener *listener) {
  if (listener == nullptr) return;
  rk_listener_close(listener);
  delete listener;
}

const char *rk_connection_peer(const rk_connection *connection) { return connection->peer.c_str(); }
void rk_connection_interrupt(rk_connection *connection) { connection->channel->interrupt(); }
rk_status rk_connection_negotiate(rk_connection *connection, rk_limits limits, rk_wake *wake) {
  return rk::guarded("negotiate", [&] { return connection->negotiate(limits, wake); });
}
rk_titles rk_connection_titles(const rk_connection *connection) { return connection->request.titles; }
uint32_t rk_connection_context_count(const rk_connection *connection) {
  return static_cast<uint32_t>(connection->request.contexts.size());
}
rk_context rk_connection_context(const rk_connection *connection, uint32_t index) {
  rk_context context = {};
  if (index >= connection->request.contexts.size()) return context;
  const rk::Request::Context &found = connection->request.contexts[index];
  context.id = found.id;
  rk::copy_text(context.abstract_syntax, sizeof context.abstract_syntax, found.abstract_syntax.data(),
                found.abstract_syntax.size());
  context.transfer_syntax_count = static_cast<uint32_t>(found.transfer_syntaxes.size());
  return context;
}
const char *rk_connection_transfer_syntax(const rk_connection *connection, uint32_t index, uint32_t syntax) {
  const auto &contexts = connection->request.contexts;
  if (index >= contexts.size() || syntax >= contexts[index].transfer_syntaxes.size()) return "";
  return contexts[index].transfer_syntaxes[syntax].c_str();
}
rk_status rk_connection_accept_context(rk_connection *connection, uint8_t id, const char *transfer_syntax) {
  return rk::guarded("accept a context", [&] { return connection->accept_context(id, transfer_syntax); });
}
rk_status rk_connection_refuse_context(rk_connection *connection, uint8_t id, uint8_t reason) {
  return rk::guarded("refuse a context", [&] { return connection->refuse_context(id, reason); });
}
rk_status rk_connection_acknowledge(rk_connection *connection, const char *implementation_uid, const char *version) {
  return rk::guarded("acknowledge", [&] { return connection->acknowledge(implementation_uid, version); });
}
rk_status rk_connection_receive(rk_connection *connection, rk_message *out) {
  return rk::guarded("receive a command", [&] { return connection->receive(out); });
}
rk_status rk_connection_receive_data_set(rk_connection *connection, rk_spool *spool, uint64_t limit,
                                         rk_status *storage) {
  return rk::guarded("receive a data set", [&] { return connection->receive_data_set(spool, limit, storage); });
}
rk_status rk_connection_respond(rk_connection *connection, const rk_response *response) {
  return rk::guarded("respond", [&] { return connection->respond(*response); });
}
void rk_connection_reject(rk_connection *connection, uint8_t result, uint8_t source, uint8_t reason, int32_t wait_ms) {
  rk::guarded("reject", [&] { connection->reject(result, source, reason, wait_ms); return rk::ok(); });
}
void rk_connection_release(rk_connection *connection) {
  rk::guarded("release", [&] { connection->release(); return rk::ok(); });
}
void rk_connection_abort(rk_connection *connection, uint8_t source, uint8_t reason) {
  rk::guarded("abort", [&] { connection->abort(source, reason); return rk::ok(); });
}
void rk_connection_free(rk_connection *connection) { delete connection; }
