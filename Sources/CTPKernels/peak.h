// As many fused multiply-adds as fit: the bound that a convolution can reach.
//
// Twelve chains hide the latency of the two units that processors have, and need no memory.
static double fma_peak(ptrdiff_t rounds) {
  VEC sums[12], factor = SPLAT(0.999f), step = SPLAT(1e-3f);
  UNROLL for (int i = 0; i < 12; i++) sums[i] = SPLAT((float)i);
  KEEP_LOOP for (ptrdiff_t round = 0; round < rounds; round++) {
    UNROLL for (int i = 0; i < 12; i++) sums[i] = FMA(sums[i], factor, step);
  }
  VEC sum = sums[0];
  UNROLL for (int i = 1; i < 12; i++) sum += sums[i];
  double total = 0;
  for (int lane = 0; lane < LANES; lane++) total += sum[lane];
  return total;
}
