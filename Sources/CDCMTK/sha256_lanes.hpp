#pragma once

#include <stddef.h>
#include <stdint.h>

namespace rk {

/// One SHA-256 under way (FIPS 180-4): the eight words of its state, and the whole blocks of 64 bytes that come next.
struct Sha256Lane {
  uint32_t *state;
  const uint8_t *blocks;
};

/// How many of them may be calculated side by side.
constexpr size_t sha256_lanes_limit = 4;

/// Whether this processor calculates SHA-256 itself (x86-64 with its SHA extensions). Where it does not, OpenSSL does it alone.
bool has_sha256_lanes();

/// Adds `count` blocks to each of `lane_count` SHA-256 (1 to 4), and moves their `blocks` on. Only if `has_sha256_lanes`.
///
/// Each step of SHA-256 waits for the one before, and the processor's SHA unit rests meanwhile: two side by side take
/// 0.69, four 0.57 of the time that they take one after the other (measured: 2.0, 2.9 and 3.5 GB/s).
void sha256_blocks(Sha256Lane *lanes, size_t lane_count, size_t count);

}  // namespace rk
