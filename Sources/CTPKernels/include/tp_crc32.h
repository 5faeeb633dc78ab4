#pragma once
#include <stddef.h>
#include <stdint.h>

/// CRC-32 as in zip, gzip and PNG (reflected polynomial 0xEDB88320, all ones before and after).
///
/// Start with a seed of 0; the result is the seed for the bytes that follow. `bytes` may be NULL
/// where `count` is 0. Safe to call from several threads at once.
uint32_t tp_crc32(uint32_t seed, const void *bytes, size_t count);
