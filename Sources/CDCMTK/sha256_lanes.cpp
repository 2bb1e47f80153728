// SHA-256 with the SHA extensions of x86-64, several messages side by side.

#include "sha256_lanes.hpp"

#if defined(__x86_64__)

#include <cpuid.h>
#include <immintrin.h>

namespace rk {

namespace {

#define RK_SHA __attribute__((target("sha,sse4.1,ssse3")))

/// FIPS 180-4, 4.2.2.
alignas(16) constexpr uint32_t constants[64] = {
    0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01,
    0x243185be, 0x550c7dc3, 0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc,
    0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da, 0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147,
    0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13, 0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85,
    0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070, 0x19a4c116, 0x1e376c08,
    0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
    0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2};

/// The state as the processor wants it: two halves, (a b e f) and (c d g h), highest word first.
struct Halves {
  __m128i abef, cdgh;
};

RK_SHA Halves load(const uint32_t *state) {
  const __m128i cdab = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(state)), 0xB1);
  const __m128i efgh = _mm_shuffle_epi32(_mm_loadu_si128(reinterpret_cast<const __m128i *>(state + 4)), 0x1B);
  return {_mm_alignr_epi8(cdab, efgh, 8), _mm_blend_epi16(efgh, cdab, 0xF0)};
}

RK_SHA void store(Halves halves, uint32_t *state) {
  const __m128i feba = _mm_shuffle_epi32(halves.abef, 0x1B);
  const __m128i dchg = _mm_shuffle_epi32(halves.cdgh, 0xB1);
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state), _mm_blend_epi16(feba, dchg, 0xF0));
  _mm_storeu_si128(reinterpret_cast<__m128i *>(state + 4), _mm_alignr_epi8(dchg, feba, 8));
}

template <int lanes> RK_SHA void run(Sha256Lane *lane, size_t count) {
  const __m128i big_endian = _mm_set_epi64x(0x0c0d0e0f08090a0b, 0x0405060700010203);
  Halves now[lanes];
  for (int i = 0; i < lanes; i++) now[i] = load(lane[i].state);
  for (; count > 0; count--) {
    Halves before[lanes];
    // The last 16 words of the message schedule, four in each.
    __m128i words[lanes][4];
    for (int i = 0; i < lanes; i++) before[i] = now[i];
#pragma GCC unroll 16
    for (int four = 0; four < 16; four++) {
      const __m128i constant = _mm_load_si128(reinterpret_cast<const __m128i *>(constants + 4 * four));
#pragma GCC unroll 4
      for (int i = 0; i < lanes; i++) {
        __m128i *const w = words[i];
        __m128i next;
        if (four < 4) {
          const auto *block = reinterpret_cast<const __m128i *>(lane[i].blocks);
          next = _mm_shuffle_epi8(_mm_loadu_si128(block + four), big_endian);
        } else {
          next = _mm_sha256msg1_epu32(w[four & 3], w[(four + 1) & 3]);
          next = _mm_add_epi32(next, _mm_alignr_epi8(w[(four + 3) & 3], w[(four + 2) & 3], 4));
          next = _mm_sha256msg2_epu32(next, w[(four + 3) & 3]);
        }
        w[four & 3] = next;
        next = _mm_add_epi32(next, constant);
        now[i].cdgh = _mm_sha256rnds2_epu32(now[i].cdgh, now[i].abef, next);
        now[i].abef = _mm_sha256rnds2_epu32(now[i].abef, now[i].cdgh, _mm_shuffle_epi32(next, 0x0E));
      }
    }
    for (int i = 0; i < lanes; i++) {
      now[i].abef = _mm_add_epi32(now[i].abef, before[i].abef);
      now[i].cdgh = _mm_add_epi32(now[i].cdgh, before[i].cdgh);
      lane[i].blocks += 64;
    }
  }
  for (int i = 0; i < lanes; i++) store(now[i], lane[i].state);
}

}  // namespace

bool has_sha256_lanes() {
  static const bool is_there = [] {
    unsigned a = 0, b = 0, c = 0, d = 0;
    if (__get_cpuid(1, &a, &b, &c, &d) == 0 || (c & bit_SSSE3) == 0 || (c & bit_SSE4_1) == 0) return false;
    return __get_cpuid_count(7, 0, &a, &b, &c, &d) != 0 && (b & 1u << 29) != 0;  // EBX 29: the SHA extensions
  }();
  return is_there;
}

void sha256_blocks(Sha256Lane *lanes, size_t lane_count, size_t count) {
  switch (lane_count) {
    case 1: return run<1>(lanes, count);
    case 2: return run<2>(lanes, count);
    case 3: return run<3>(lanes, count);
    case 4: return run<4>(lanes, count);
    default: return;
  }
}

}  // namespace rk

#else

namespace rk {
bool has_sha256_lanes() { return false; }
void sha256_blocks(Sha256Lane *, size_t, size_t) {}
}  // namespace rk

#endif
