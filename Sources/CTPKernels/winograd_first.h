// The same from one input channel, by F(2x2, 3x3) over height and width and a plain sum over the
// depth: no output feels an input outside of its own window. By F(4x4) one does, by what rounding
// leaves of it, and where a window of the only channel is empty beside a bright point that is
// many times the rounding of the output itself.

/// Tiles between two readings of the weights; their numbers stay in the first-level cache.
#define FIRST_TILES 8

INLINE void first_line(const VEC *d, VEC *o) {
  o[0] = d[0] - d[2];
  o[1] = d[1] + d[2];
  o[2] = d[2] - d[1];
  o[3] = d[3] - d[1];
}

INLINE void first_line_back(VEC a, VEC b, VEC c, VEC d, VEC *y) {
  y[0] = (b + c) + a;
  y[1] = (b - c) + d;
}

/// A row of tiles of 4 x 4 inputs, two columns apart, to 16 points `tiles` apart: first those of
/// even tiles, from half way on those of odd ones.
INLINE void first_to_points(const tp_volume *v, const float *in, ptrdiff_t columns, ptrdiff_t tiles,
                            float *out) {
  KEEP_LOOP for (int odd = 0; odd < 2; odd++, out += tiles / 2)
    KEEP_LOOP for (ptrdiff_t i = 0; i < columns / 2; i += LANES) {
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
        UNROLL for (int x = 0; x < 4; x++) STORE(out + i + (y * 4 + x) * tiles, o[x]);
      }
    }
}

/// One column of points of some tiles for two slices: sums over the kernel's depth, and the first
/// half of the way back. `w` is [point][depth][channel].
INLINE void first_products(const float *const *points, ptrdiff_t tiles, ptrdiff_t count, int column,
                           const float *w, ptrdiff_t channels, float *out) {
  VEC k[4][3];
  UNROLL for (int y = 0; y < 4; y++)
    UNROLL for (int d = 0; d < 3; d++) k[y][d] = LOAD(w + ((y * 4 + column) * 3 + d) * channels);
  KEEP_LOOP for (ptrdiff_t t = 0; t < count; t++) {
    const ptrdiff_t place = t % 2 * (tiles / 2) + t / 2 + column * tiles;
    VEC sum[2][4], rows[2];
    UNROLL for (int y = 0; y < 4; y++)
      UNROLL for (int z = 0; z < 4; z++) {
        VEC x = SPLAT(points[z][y * 4 * tiles + place]);
        if (z < 3) sum[0][y] = z == 0 ? x * k[y][0] : FMA(x, k[y][z], sum[0][y]);
        if (z > 0) sum[1][y] = z == 1 ? x * k[y][0] : FMA(x, k[y][z - 1], sum[1][y]);
      }
    UNROLL for (int z = 0; z < 2; z++) {
      first_line_back(sum[z][0], sum[z][1], sum[z][2], sum[z][3], rows);
      UNROLL for (int i = 0; i < 2; i++)
        STORE(out + ((t * 2 + z) * 8 + i * 4 + column) * channels, rows[i]);
    }
  }
}

/// The largest of four, or NaN where one is none.
INLINE VEC first_largest(VEC a, VEC b, VEC c, VEC d) {
  if (__builtin_expect(unordered(a, b) | unordered(c, d), 0))
    return larger_or_nan(larger_or_nan(a, b), larger_or_nan(c, d));
  return larger(larger(a, b), larger(c, d));
}

/// The rest of the way back of one tile and two slices, bias, ReLU and pooling; `pool` is 0 for none,
/// 1 over the plane, 2 over the depth as well.
INLINE void first_finish(const float *m, ptrdiff_t channels, int pool, VEC bias, VEC least,
                         float *out, const tp_volume *target) {
  VEC largest[2];
  UNROLL for (int z = 0; z < 2; z++, m += 8 * channels) {
    VEC y[4];
    UNROLL for (int i = 0; i < 2; i++)
      first_line_back(LOAD(m + i * 4 * channels), LOAD(m + (i * 4 + 1) * channels),
                      LOAD(m + (i * 4 + 2) * channels), LOAD(m + (i * 4 + 3) * channels), y + 2 * i);
    if (pool) {
      largest[z] = first_largest(y[0], y[1], y[2], y[3]);
      if (pool == 1) STORE(out + z * target->slice, larger(least, largest[z] + bias));
    } else {
      UNROLL for (int i = 0; i < 4; i++)
        STORE(out + z * target->slice + i / 2 * target->row + i % 2 * channels,
              larger(least, y[i] + bias));
    }
  }
  if (pool == 2) {
    VEC a = largest[0], b = largest[1];
    STORE(out, larger(least, (unordered(a, b) ? larger_or_nan(a, b) : larger(a, b)) + bias));
  }
}

INLINE void first_finish_row(const tp_step *s, const float *bias, int pool, const float *products,
                             ptrdiff_t pair, ptrdiff_t tile_row, ptrdiff_t first, ptrdiff_t count,
                             float *out) {
  const tp_volume *t = &s->target;
  const ptrdiff_t side = pool ? 1 : 2, depth = pool == 2 ? pair : 2 * pair, channels = t->channels;
  const VEC least = SPLAT(s->relu ? 0.0f : -__builtin_inff());
  out += (depth + t->padding[0]) * t->slice + (tile_row * side + t->padding[1]) * t->row +
         (first * side + t->padding[2]) * channels;
  KEEP_LOOP for (ptrdiff_t i = 0; i < count; i++, products += 16 * channels, out += side * channels)
    KEEP_LOOP for (ptrdiff_t c = 0; c < channels; c += LANES)
      first_finish(products + c, channels, pool, LOAD(bias + c), least, out + c, t);
}

static void winograd_first(const tp_step *s, const tp_constants *constants, const float *in,
                           float *out, float *scratch, ptrdiff_t strip, int warm) {
  const tp_tiling t = tp_tile(LANES, s);
  const tp_volume *v = &s->source;
  const ptrdiff_t channels = s->target.channels, ring = 16 * t.tiles;
  const ptrdiff_t tile_row = strip / t.chunks, from = strip % t.chunks * t.chunk;
  const ptrdiff_t to = from + t.chunk < t.pairs ? from + t.chunk : t.pairs;
  const float *w = constants->weights, *bias = constants->bias;
  const int pool = s->pool[1] == 1 ? 0 : s->pool[0] == 1 ? 1 : 2;
  float *products = scratch + 4 * ring;
  in += tile_row * 2 * v->row;
  if (!(warm && from > 0))
    for (ptrdiff_t z = 2 * from; z < 2 * from + 2; z++)
      first_to_points(v, in + z * v->slice, t.columns, t.tiles, scratch + z % 4 * ring);
  for (ptrdiff_t pair = from; pair < to; pair++) {
    const ptrdiff_t d = 2 * pair;
    const float *points[4];
    for (ptrdiff_t z = d + 2; z < d + 4; z++)
      first_to_points(v, in + z * v->slice, t.columns, t.tiles, scratch + z % 4 * ring);
    for (int z = 0; z < 4; z++) points[z] = scratch + (d + z) % 4 * ring;
    for (ptrdiff_t tile = 0; tile < t.columns; tile += FIRST_TILES) {
      const ptrdiff_t left = t.columns - tile, count = left < FIRST_TILES ? left : FIRST_TILES;
      const float *at[4];
      for (int z = 0; z < 4; z++) at[z] = points[z] + tile / 2;
      KEEP_LOOP for (ptrdiff_t c = 0; c < channels; c += LANES)
        KEEP_LOOP for (int column = 0; column < 4; column++)
          first_products(at, t.tiles, count, column, w + c, channels, products + c);
      switch (pool) {
        case 0: first_finish_row(s, bias, 0, products, pair, tile_row, tile, count, out); break;
        case 1: first_finish_row(s, bias, 1, products, pair, tile_row, tile, count, out); break;
        default: first_finish_row(s, bias, 2, products, pair, tile_row, tile, count, out);
      }
    }
  }
}
