// Three ways to the same remainder: carry-less multiplication (x86-64), the CRC instructions
// (AArch64), and eight tables for everything else and for the ends of a run.
#include "tp_crc32.h"

#include <string.h>

// A table is linear in its index: entry n is the exclusive or of the entries of n's bits, so eight
// words describe 256. Row k holds what a set bit in a byte contributes after k more zero bytes.
#define PICK(n, bit, word) ((uint32_t)(-(int32_t)(((n) >> (bit)) & 1)) & (word))
#define ENTRY(n, a, b, c, d, e, f, g, h)                                                     \
  (PICK(n, 0, a) ^ PICK(n, 1, b) ^ PICK(n, 2, c) ^ PICK(n, 3, d) ^ PICK(n, 4, e) ^           \
   PICK(n, 5, f) ^ PICK(n, 6, g) ^ PICK(n, 7, h))
#define FOUR(n, ...)                                                                         \
  ENTRY(n, __VA_ARGS__), ENTRY((n) + 1, __VA_ARGS__), ENTRY((n) + 2, __VA_ARGS__),           \
      ENTRY((n) + 3, __VA_ARGS__)
#define SIXTEEN(n, ...)                                                                      \
  FOUR(n, __VA_ARGS__), FOUR((n) + 4, __VA_ARGS__), FOUR((n) + 8, __VA_ARGS__),              \
      FOUR((n) + 12, __VA_ARGS__)
#define SIXTY_FOUR(n, ...)                                                                   \
  SIXTEEN(n, __VA_ARGS__), SIXTEEN((n) + 16, __VA_ARGS__), SIXTEEN((n) + 32, __VA_ARGS__),   \
      SIXTEEN((n) + 48, __VA_ARGS__)
#define TABLE(...)                                                                           \
  {                                                                                          \
    SIXTY_FOUR(0, __VA_ARGS__), SIXTY_FOUR(64, __VA_ARGS__), SIXTY_FOUR(128, __VA_ARGS__),   \
        SIXTY_FOUR(192, __VA_ARGS__)                                                         \
  }

static const uint32_t tables[8][256] = {
    TABLE(0x77073096, 0xEE0E612C, 0x076DC419, 0x0EDB8832, 0x1DB71064, 0x3B6E20C8,
          0x76DC4190, 0xEDB88320),
    TABLE(0x191B3141, 0x32366282, 0x646CC504, 0xC8D98A08, 0x4AC21251, 0x958424A2,
          0xF0794F05, 0x3B83984B),
    TABLE(0x01C26A37, 0x0384D46E, 0x0709A8DC, 0x0E1351B8, 0x1C26A370, 0x384D46E0,
          0x709A8DC0, 0xE1351B80),
    TABLE(0xB8BC6765, 0xAA09C88B, 0x8F629757, 0xC5B428EF, 0x5019579F, 0xA032AF3E,
          0x9B14583D, 0xED59B63B),
    TABLE(0x3D6029B0, 0x7AC05360, 0xF580A6C0, 0x30704BC1, 0x60E09782, 0xC1C12F04,
          0x58F35849, 0xB1E6B092),
    TABLE(0xCB5CD3A5, 0x4DC8A10B, 0x9B914216, 0xEC53826D, 0x03D6029B, 0x07AC0536,
          0x0F580A6C, 0x1EB014D8),
    TABLE(0xA6770BB4, 0x979F1129, 0xF44F2413, 0x33EF4E67, 0x67DE9CCE, 0xCFBD399C,
          0x440B7579, 0x8816EAF2),
    TABLE(0xCCAA009E, 0x4225077D, 0x844A0EFA, 0xD3E51BB5, 0x7CBB312B, 0xF9766256,
          0x299DC2ED, 0x533B85DA),
};

static uint32_t by_tables(uint32_t crc, const uint8_t *p, size_t count) {
  while (count >= 8) {
    // Bytes, not words: right on either kind of machine, and compilers make loads of it.
    uint32_t low = crc ^ ((uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
                          (uint32_t)p[3] << 24);
    crc = tables[7][low & 255] ^ tables[6][low >> 8 & 255] ^ tables[5][low >> 16 & 255] ^
          tables[4][low >> 24] ^ tables[3][p[4]] ^ tables[2][p[5]] ^ tables[1][p[6]] ^
          tables[0][p[7]];
    p += 8;
    count -= 8;
  }
  while (count-- > 0) crc = crc >> 8 ^ tables[0][(crc ^ *p++) & 255];
  return crc;
}

#if defined(__x86_64__)
#include <immintrin.h>

#define FOLD(x, k, next)                                                                     \
  _mm_xor_si128(_mm_xor_si128(_mm_clmulepi64_si128(x, k, 0x00),                              \
                              _mm_clmulepi64_si128(x, k, 0x11)), next)

// Folding by four (Gopal and others, "Fast CRC Computation for Generic Polynomials Using
// PCLMULQDQ", Intel 2009): constants are x^n mod P for the distances 512 and 128 bits.
// `count` is at least 64; what is left of it after whole blocks of 16 goes through the tables.
__attribute__((target("pclmul,sse4.1"))) static uint32_t by_folding(
    uint32_t crc, const uint8_t *p, size_t count) {
  const __m128i far = _mm_set_epi64x(0x01C6E41596, 0x0154442BD4);
  const __m128i near = _mm_set_epi64x(0x00CCAA009E, 0x01751997D0);
  const __m128i *in = (const __m128i *)p;
  __m128i a = _mm_xor_si128(_mm_loadu_si128(in), _mm_cvtsi32_si128((int)crc));
  __m128i b = _mm_loadu_si128(in + 1);
  __m128i c = _mm_loadu_si128(in + 2);
  __m128i d = _mm_loadu_si128(in + 3);
  for (in += 4, count -= 64; count >= 64; in += 4, count -= 64) {
    a = FOLD(a, far, _mm_loadu_si128(in));
    b = FOLD(b, far, _mm_loadu_si128(in + 1));
    c = FOLD(c, far, _mm_loadu_si128(in + 2));
    d = FOLD(d, far, _mm_loadu_si128(in + 3));
  }
  b = FOLD(a, near, b);
  c = FOLD(b, near, c);
  d = FOLD(c, near, d);
  for (; count >= 16; in += 1, count -= 16) d = FOLD(d, near, _mm_loadu_si128(in));
  // 128 bits stand for everything so far: their own remainder, from zero, is the remainder.
  uint8_t block[16];
  _mm_storeu_si128((__m128i *)block, d);
  return by_tables(by_tables(0, block, 16), (const uint8_t *)in, count);
}

static uint32_t update(uint32_t crc, const uint8_t *p, size_t count) {
  if (count >= 64 && __builtin_cpu_supports("pclmul") && __builtin_cpu_supports("sse4.1"))
    return by_folding(crc, p, count);
  return by_tables(crc, p, count);
}

#elif defined(__ARM_FEATURE_CRC32)
#include <arm_acle.h>

static uint32_t update(uint32_t crc, const uint8_t *p, size_t count) {
  for (; count >= 8; p += 8, count -= 8) {
    uint64_t word;
    memcpy(&word, p, 8);
    crc = __crc32d(crc, word);
  }
  return by_tables(crc, p, count);
}

#else

static uint32_t update(uint32_t crc, const uint8_t *p, size_t count) {
  return by_tables(crc, p, count);
}

#endif

uint32_t tp_crc32(uint32_t seed, const void *bytes, size_t count) {
  if (count == 0) return seed;
  return ~update(~seed, (const uint8_t *)bytes, count);
}
