#pragma once

#include "status.hpp"

#include <vector>

namespace rk {

/// Reads a command set into a message: group 0000 in implicit VR little endian, no sequences, ascending (PS3.7 6.3.1).
rk_status parse_command(const std::vector<uint8_t> &bytes, rk_message *message);

}  // namespace rk
