// The same from one input channel, by F(2x2, 3x3) over height and width and a plain sum over the
// depth: no output feels an input outside of its own window. By F(4x4) one does, by what rounding
// leaves of it, and where a window of the only channel is empty beside a bright point that is
// many times the rounding of the output itself.

INLINE void first_line(const VEC *d, VEC *o) {
  o[0] = d[0] - d[2];
  o[1] = d[1] + d[2];
  o[2] = d[2] - d[1];
  o[3] = d[3] - d[1];
}

/// Floats of a row of tiles as points: [LANES pairs of tiles][even, odd][16 points][pair].
enum { FIRST_ODD = 16 * LANES, FIRST_BLOCK = 2 * FIRST_ODD };

/// A row of tiles of 4 x 4 inputs, two columns apart, to their points.
INLINE void first_to_points(const tp_volume *v, const float *in, ptrdiff_t columns, float *out) {
  KEEP_LOOP for (ptrdiff_t i = 0; i < columns / 2; i += LANES)
    KEEP_LOOP for (int odd = 0; odd < 2; odd++, out += FIRST_ODD) {
      VEC t[4][4];
      UNROLL for (int x = 0; x < 4; x++) {
        const int column = x + 2 * odd;
        const float *first = in + i + column % 4 * v->phase + column / 4;
        VEC d[4], o[4];
        UNROLL for (int y = 0; y < 4; y++) d[y] = LOAD(first + y * v->row);
        first_line(d, o);
        UNROLL for (int y = 0; y < 4; y++) t[y][x] = o[y];
      }
      UNROLL for (int y = 0; y < 4; y++) {
        VEC o[4];
        first_line(t[y], o);
        UNROLL for (int x = 0; x < 4; x++) STORE(out + (y * 4 + x) * LANES, o[x]);
      }
    }
}

/// Tiles of a pair that are computed together: both, but for AVX2, whose registers hold the sums of
/// one.
#define FIRST_TILES (LANES == 8 ? 1 : 2)

/// Adds the products of one point with the kernel's three depths to the sums of two slices.
INLINE void first_point(const float *const *points, ptrdiff_t place, const float *w, int fresh,
                        VEC (*sum)[2]) {
  VEC k[3];
  UNROLL for (int d = 0; d < 3; d++) k[d] = LOAD(w + d * LANES);
  UNROLL for (int t = 0; t < FIRST_TILES; t++)
    UNROLL for (int z = 0; z < 4; z++) {
      VEC x = SPLAT(points[z][place + t * FIRST_ODD]);
      if (z < 3) sum[t][0] = fresh && z == 0 ? x * k[0] : FMA(x, k[z], sum[t][0]);
      if (z > 0) sum[t][1] = fresh && z == 1 ? x * k[0] : FMA(x, k[z - 1], sum[t][1]);
    }
}

/// One column of points to its two rows, of two slices: chains over the depth for the two middle
/// points, then from their sum and their difference on.
INLINE void first_column(const float *const *points, ptrdiff_t place, int column, const float *w,
                         VEC (*upper)[2], VEC (*lower)[2]) {
  UNROLL for (int y = 1; y <= 2; y++)
    first_point(points, place + (y * 4 + column) * LANES, w + (y * 4 + column) * 3 * LANES, 1,
                y == 1 ? upper : lower);
  UNROLL for (int t = 0; t < FIRST_TILES; t++)
    UNROLL for (int z = 0; z < 2; z++) {
      VEC m = upper[t][z];
      upper[t][z] = m + lower[t][z];
      lower[t][z] = m - lower[t][z];
    }
  first_point(points, place + column * LANES, w + column * 3 * LANES, 0, upper);
  first_point(points, place + (12 + column) * LANES, w + (12 + column) * 3 * LANES, 0, lower);
}

/// The 2 x 2 sums of two slices of FIRST_TILES tiles: sums[tile][slice][row][column].
INLINE void first_sums(const float *const *points, ptrdiff_t place, const float *w,
                       VEC (*sums)[2][2][2]) {
  VEC rows[2][FIRST_TILES][2];
  first_column(points, place, 1, w, rows[0], rows[1]);
  UNROLL for (int t = 0; t < FIRST_TILES; t++)
    UNROLL for (int z = 0; z < 2; z++)
      UNROLL for (int r = 0; r < 2; r++) sums[t][z][r][0] = rows[r][t][z];
  first_column(points, place, 2, w, rows[0], rows[1]);
  UNROLL for (int t = 0; t < FIRST_TILES; t++)
    UNROLL for (int z = 0; z < 2; z++)
      UNROLL for (int r = 0; r < 2; r++) {
        VEC m = sums[t][z][r][0];
        sums[t][z][r][0] = m + rows[r][t][z];
        sums[t][z][r][1] = m - rows[r][t][z];
      }
  UNROLL for (int c = 0; c < 2; c++) {
    first_column(points, place, 3 * c, w, rows[0], rows[1]);
    UNROLL for (int t = 0; t < FIRST_TILES; t++)
      UNROLL for (int z = 0; z < 2; z++)
        UNROLL for (int r = 0; r < 2; r++) sums[t][z][r][c] += rows[r][t][z];
  }
}

/// The largest of 2 x 2, or NaN where one is none.
INLINE VEC first_largest(VEC (*y)[2], int odd) {
  if (__builtin_expect(odd, 0))
    return larger_or_nan(larger_or_nan(y[0][0], y[0][1]), larger_or_nan(y[1][0], y[1][1]));
  return larger(larger(y[0][0], y[0][1]), larger(y[1][0], y[1][1]));
}

/// Bias, ReLU and pooling of one tile; `pool` is 0 for none, 1 over the plane, 2 over the depth as
/// well.
INLINE void first_finish(VEC (*y)[2][2], int odd, int pool, VEC bias, VEC least, float *out,
                         const tp_volume *target) {
  if (pool == 0) {
    UNROLL for (int z = 0; z < 2; z++)
      UNROLL for (int i = 0; i < 4; i++)
        STORE(out + z * target->slice + i / 2 * target->row + i % 2 * target->channels,
              larger(least, y[z][i / 2][i % 2] + bias));
    return;
  }
  VEC a = first_largest(y[0], odd), b = first_largest(y[1], odd);
  if (pool == 2) {
    const VEC most = __builtin_expect(odd, 0) ? larger_or_nan(a, b) : larger(a, b);
    STORE(out, larger(least, most + bias));
  } else {
    STORE(out, larger(least, a + bias));
    STORE(out + target->slice, larger(least, b + bias));
  }
}

/// A row of tiles for a vector of channels at two slices.
INLINE void first_row(const tp_step *s, const float *const *points, const float *w, VEC bias,
                      int pool, ptrdiff_t columns, float *out) {
  const tp_volume *target = &s->target;
  const ptrdiff_t next = (pool ? 1 : 2) * target->channels;
  const VEC least = SPLAT(s->relu ? 0.0f : -__builtin_inff());
  KEEP_LOOP for (ptrdiff_t i = 0; i < columns / 2; i++)
    KEEP_LOOP for (ptrdiff_t tile = 0; tile < 2; tile += FIRST_TILES) {
      VEC sums[FIRST_TILES][2][2][2];
      first_sums(points, i / LANES * FIRST_BLOCK + tile * FIRST_ODD + i % LANES, w, sums);
      int odd = 0;
      if (pool)
        UNROLL for (int t = 0; t < FIRST_TILES; t++)
          UNROLL for (int z = 0; z < 2; z++)
            UNROLL for (int r = 0; r < 2; r++) odd |= unordered(sums[t][z][r][0], sums[t][z][r][1]);
      UNROLL for (int t = 0; t < FIRST_TILES; t++, out += next)
        first_finish(sums[t], odd, pool, bias, least, out, target);
    }
}

static void winograd_first(const tp_step *s, const tp_constants *constants, const float *in,
                           float *out, float *scratch, ptrdiff_t strip, int warm) {
  const tp_tiling t = tp_tile(LANES, s);
  const tp_volume *v = &s->source, *target = &s->target;
  const ptrdiff_t channels = target->channels, ring = 16 * t.tiles;
  const ptrdiff_t row = strip / t.chunks, from = strip % t.chunks * t.chunk;
  const ptrdiff_t to = from + t.chunk < t.pairs ? from + t.chunk : t.pairs;
  const int pool = s->pool[1] == 1 ? 0 : s->pool[0] == 1 ? 1 : 2;
  in += row * 2 * v->row;
  out += (row * (pool ? 1 : 2) + target->padding[1]) * target->row + target->padding[2] * channels;
  if (!(warm && from > 0))
    for (ptrdiff_t z = 2 * from; z < 2 * from + 2; z++)
      first_to_points(v, in + z * v->slice, t.columns, scratch + z % 4 * ring);
  for (ptrdiff_t pair = from; pair < to; pair++) {
    const ptrdiff_t d = 2 * pair;
    for (ptrdiff_t z = d + 2; z < d + 4; z++)
      first_to_points(v, in + z * v->slice, t.columns, scratch + z % 4 * ring);
    const float *points[4];
    for (int z = 0; z < 4; z++) points[z] = scratch + (d + z) % 4 * ring;
    float *line = out + ((pool == 2 ? pair : d) + target->padding[0]) * target->slice;
    KEEP_LOOP for (ptrdiff_t c = 0; c < channels; c += LANES) {
      const float *w = constants->weights + c * 48;
      const VEC bias = LOAD(constants->bias + c);
      switch (pool) {
        case 0: first_row(s, points, w, bias, 0, t.columns, line + c); break;
        case 1: first_row(s, points, w, bias, 1, t.columns, line + c); break;
        default: first_row(s, points, w, bias, 2, t.columns, line + c);
      }
    }
  }
}
