#pragma once

#include "status.hpp"

#include <string>
#include <vector>

namespace rk {

/// An A-ASSOCIATE-RQ (PS3.8 9.3.2), walked through with bounds before DCMTK parses it: DCMTK 3.6.7 leaks what it had
/// built when it finds an error, so it is shown only requests without one.
struct Request {
  struct Context {
    uint8_t id = 0;
    std::string abstract_syntax;
    std::vector<std::string> transfer_syntaxes;
  };

  rk_titles titles = {};
  std::vector<Context> contexts;

  /// `bytes` is the PDU without its 6-byte head.
  rk_status parse(const uint8_t *bytes, size_t count);
};

}  // namespace rk
