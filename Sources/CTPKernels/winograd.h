// Convolutions of 3x3x3 from a multiple of 16 channels by Winograd's algorithm: F(4x4, 3x3) over
// height and width, F(2, 3) over depth. Bias, ReLU and pooling are part of the last pass.
//
// The points of interpolation are 0, +-3/4, +-3/2 and infinity: of seven sets the one with the
// smallest error, and every constant is exact in float32. The order of every sum is part of the
// definition; lanes are channels, so it is the same for every width.

#define P 0.75f
#define R 1.5f

INLINE void to_points(const VEC *d, VEC *o) {
  const VEC pp = SPLAT(-P * P), rr = SPLAT(-R * R), p = SPLAT(P), r = SPLAT(R);
  const VEC both = SPLAT(P *P *R *R), sum = SPLAT(-(P * P + R * R));
  VEC t0 = FMA(rr, d[2], d[4]), t1 = FMA(rr, d[1], d[3]);
  VEC t2 = FMA(pp, d[2], d[4]), t3 = FMA(pp, d[1], d[3]);
  o[0] = FMA(both, d[0], FMA(sum, d[2], d[4]));
  o[1] = FMA(p, t1, t0);
  o[2] = FMA(-p, t1, t0);
  o[3] = FMA(r, t3, t2);
  o[4] = FMA(-r, t3, t2);
  o[5] = FMA(both, d[1], FMA(sum, d[3], d[5]));
}

INLINE void from_points(const VEC *m, VEC *y) {
  VEC s1 = m[1] + m[2], e1 = m[1] - m[2], s2 = m[3] + m[4], e2 = m[3] - m[4];
  y[0] = (s1 + s2) + m[0];
  y[1] = FMA(SPLAT(R), e2, SPLAT(P) * e1);
  y[2] = FMA(SPLAT(R * R), s2, SPLAT(P * P) * s1);
  y[3] = FMA(SPLAT(R *R *R), e2, FMA(SPLAT(P *P *P), e1, m[5]));
}

#undef P
#undef R

/// A 6 x 6 tile of which `in` is the first element, to points `step` apart.
INLINE void tile_to_points(const float *const *columns, ptrdiff_t row, float *out,
                           ptrdiff_t step) {
  VEC t[6][6];
  UNROLL for (int x = 0; x < 6; x++) {
    VEC d[6], o[6];
    UNROLL for (int y = 0; y < 6; y++) d[y] = LOAD(columns[x] + y * row);
    to_points(d, o);
    UNROLL for (int y = 0; y < 6; y++) t[y][x] = o[y];
  }
  UNROLL for (int y = 0; y < 6; y++) {
    VEC o[6];
    to_points(t[y], o);
    UNROLL for (int x = 0; x < 6; x++) STORE(out + (y * 6 + x) * step, o[x]);
  }
}

/// Six points of a column of a tile, `step` apart, to its four rows.
INLINE void column_from_points(const float *m, ptrdiff_t step, VEC *rows) {
  VEC d[6];
  UNROLL for (int i = 0; i < 6; i++) d[i] = LOAD(m + i * step);
  from_points(d, rows);
}

/// The 4 x 4 sums of a tile from its rows of points; `pool` gives the largest of each 2 x 2 in the
/// first 4.
INLINE int rows_from_points(VEC (*t)[6], int pool, VEC *out) {
  VEC y[4][4];
  UNROLL for (int i = 0; i < 4; i++) from_points(t[i], y[i]);
  if (!pool) {
    UNROLL for (int i = 0; i < 16; i++) out[i] = y[i / 4][i % 4];
    return 0;
  }
  // Every point takes part in one of the corners, so a number that is none shows there.
  int odd = unordered(y[0][0], y[0][3]) | unordered(y[3][0], y[3][3]);
  if (__builtin_expect(odd, 0)) {
    UNROLL for (int i = 0; i < 4; i++) {
      int a = i / 2 * 2, b = i % 2 * 2;
      out[i] = larger_or_nan(larger_or_nan(y[a][b], y[a][b + 1]),
                             larger_or_nan(y[a + 1][b], y[a + 1][b + 1]));
    }
  } else {
    UNROLL for (int i = 0; i < 4; i++) {
      int a = i / 2 * 2, b = i % 2 * 2;
      out[i] = larger(larger(y[a][b], y[a][b + 1]), larger(y[a + 1][b], y[a + 1][b + 1]));
    }
  }
  return odd;
}

/// Where the numbers of a tile lie that `finish_tile` takes: two slices of 6 x 6 points.
typedef struct {
  const float *first;
  ptrdiff_t point, slice, tile;
} tile_source;

INLINE int tile_sums(const float *m, const tile_source *from, int pool, VEC *out) {
  VEC t[4][6];
  UNROLL for (int x = 0; x < 6; x++) {
    VEC rows[4];
    column_from_points(m + x * from->point, 6 * from->point, rows);
    UNROLL for (int i = 0; i < 4; i++) t[i][x] = rows[i];
  }
  return rows_from_points(t, pool, out);
}

/// Two slices of one tile: their sums, bias, ReLU and pooling. `out` is the first of the tile's
/// outputs; `pool` is 0 for none, 1 over the plane, 2 over the depth as well.
INLINE void finish_tile(const float *m, const tile_source *from, int pool, VEC bias, VEC least,
                        float *out, const tp_volume *target) {
  const int side = pool ? 2 : 4;
  VEC sums[2][16];
  int odd = tile_sums(m, from, pool, sums[0]);
  odd |= tile_sums(m + from->slice, from, pool, sums[1]);
  if (pool == 2)
    UNROLL for (int i = 0; i < 4; i++)
      sums[0][i] = __builtin_expect(odd, 0) ? larger_or_nan(sums[0][i], sums[1][i])
                                            : larger(sums[0][i], sums[1][i]);
  UNROLL for (int z = 0; z < (pool == 2 ? 1 : 2); z++)
    UNROLL for (int i = 0; i < side * side; i++)
      STORE(out + z * target->slice + i / side * target->row + i % side * target->channels,
            larger(least, sums[z][i] + bias));
}

/// Tiles `first`..<`last` of a row of tiles, at slices 2 pair and the one after.
INLINE void finish_row(const tp_step *s, const float *bias, int pool, const tile_source *from,
                       ptrdiff_t pair, ptrdiff_t tile_row, ptrdiff_t first, ptrdiff_t last,
                       float *out) {
  const tp_volume *t = &s->target;
  const ptrdiff_t side = pool ? 2 : 4, depth = pool == 2 ? pair : 2 * pair, channels = t->channels;
  float *line = out + (depth + t->padding[0]) * t->slice +
                (tile_row * side + t->padding[1]) * t->row + t->padding[2] * channels;
  const float *m = from->first;
  const VEC least = SPLAT(s->relu ? 0.0f : -__builtin_inff());
  KEEP_LOOP for (ptrdiff_t tile = first; tile < last; tile++, m += from->tile)
    KEEP_LOOP for (ptrdiff_t c = 0; c < channels; c += LANES)
      finish_tile(m + c, from, pool, LOAD(bias + c), least, line + tile * side * channels + c, t);
}

INLINE void finish_tiles(const tp_step *s, const float *bias, const tile_source *from,
                         ptrdiff_t pair, ptrdiff_t tile_row, ptrdiff_t first, ptrdiff_t last,
                         float *out) {
  if (s->pool[1] == 1)
    finish_row(s, bias, 0, from, pair, tile_row, first, last, out);
  else if (s->pool[0] == 1)
    finish_row(s, bias, 1, from, pair, tile_row, first, last, out);
  else
    finish_row(s, bias, 2, from, pair, tile_row, first, last, out);
}

/// Rows of tiles of one slice to points `step` apart: [16 channels][tile][channel of the 16], so that
/// the numbers of neighbouring tiles are as far apart in every network.
INLINE void slice_to_points(const tp_volume *v, const float *in, ptrdiff_t rows, ptrdiff_t columns,
                            ptrdiff_t tiles, float *out, ptrdiff_t step) {
  const ptrdiff_t channels = v->channels;
  KEEP_LOOP for (ptrdiff_t c = 0; c < channels; c += 16) {
    float *place = out + c * tiles;
    KEEP_LOOP for (ptrdiff_t r = 0; r < rows; r++)
      KEEP_LOOP for (ptrdiff_t k = 0; k < columns; k++)
        KEEP_LOOP for (ptrdiff_t n = 0; n < 16; n += LANES, place += LANES) {
          const float *first = in + r * 4 * v->row + k * 4 * channels + c + n, *x[6];
          UNROLL for (int i = 0; i < 6; i++) x[i] = first + i * channels;
          tile_to_points(x, v->row, place, step);
        }
  }
}

/// One input channel of TILES tiles onto the sums of VECTORS vectors of output channels.
INLINE void accumulate(const int TILES, const int VECTORS, const float *x, const float *w,
                       VEC (*sum)[4]) {
  VEC v[4];
  UNROLL for (int n = 0; n < VECTORS; n++) v[n] = LOAD(w + n * LANES);
  UNROLL for (int t = 0; t < TILES; t++) {
    VEC one = SPLAT(x[t * 16]);
    UNROLL for (int n = 0; n < VECTORS; n++) sum[t][n] = FMA(one, v[n], sum[t][n]);
  }
}

/// Sums over the input channels for TILES tiles and VECTORS vectors of output channels, and the way
/// back over the depth: of the combinations m0 to m3 the sums m1 and m2, then chains from their sum
/// over m0, and from their difference over m3.
INLINE void product(const int TILES, const int VECTORS, ptrdiff_t inputs, ptrdiff_t tiles,
                    const float *q, const float *w, float *y0, float *y1, ptrdiff_t outputs) {
  const ptrdiff_t each = tiles * inputs, block = inputs * VECTORS * LANES;
  VEC a[12][4], b[12][4];
  UNROLL for (int t = 0; t < TILES; t++)
    UNROLL for (int n = 0; n < VECTORS; n++) a[t][n] = b[t][n] = (VEC){0};
  const float *x = q + each, *v = w + block;
  KEEP_LOOP for (ptrdiff_t c = 0; c < inputs; c += 16, x += tiles * 16)
    KEEP_LOOP for (ptrdiff_t i = 0; i < 16; i += 4)
      UNROLL for (int k = 0; k < 4; k++, v += VECTORS * LANES) {
        accumulate(TILES, VECTORS, x + i + k, v, a);
        accumulate(TILES, VECTORS, x + each + i + k, v + block, b);
      }
  UNROLL for (int t = 0; t < TILES; t++)
    UNROLL for (int n = 0; n < VECTORS; n++) {
      VEC m = a[t][n];
      a[t][n] = m + b[t][n];
      b[t][n] = m - b[t][n];
    }
  x = q, v = w;
  KEEP_LOOP for (ptrdiff_t c = 0; c < inputs; c += 16, x += tiles * 16)
    KEEP_LOOP for (ptrdiff_t i = 0; i < 16; i += 4)
      UNROLL for (int k = 0; k < 4; k++, v += VECTORS * LANES) {
        accumulate(TILES, VECTORS, x + i + k, v, a);
        accumulate(TILES, VECTORS, x + 3 * each + i + k, v + 3 * block, b);
      }
  UNROLL for (int t = 0; t < TILES; t++)
    UNROLL for (int n = 0; n < VECTORS; n++) {
      STORE(y0 + t * outputs + n * LANES, a[t][n]);
      STORE(y1 + t * outputs + n * LANES, b[t][n]);
    }
}

/// All products of one point: `q` are the four combinations over the depth.
INLINE void point_products(const int TILES, const int VECTORS, ptrdiff_t inputs, ptrdiff_t outputs,
                           ptrdiff_t tiles, const float *q, const float *w, float *y0, float *y1) {
  const ptrdiff_t block = inputs * VECTORS * LANES;
  KEEP_LOOP for (ptrdiff_t c = 0; c < outputs; c += VECTORS * LANES, w += 4 * block)
    KEEP_LOOP for (ptrdiff_t t = 0; t < tiles; t += TILES)
      product(TILES, VECTORS, inputs, tiles, q + t * 16, w, y0 + t * outputs + c,
              y1 + t * outputs + c, outputs);
}

static void winograd(const tp_step *s, const tp_constants *constants, const float *in, float *out,
                     float *scratch, ptrdiff_t strip, int warm) {
  const tp_tiling t = tp_tile(LANES, s);
  const tp_volume *v = &s->source;
  const ptrdiff_t inputs = v->channels, outputs = s->target.channels;
  const ptrdiff_t each = t.tiles * inputs, ring = 36 * each, slices = 36 * t.tiles * outputs;
  const ptrdiff_t row = strip / t.chunks * t.rows, from = strip % t.chunks * t.chunk;
  const ptrdiff_t to = from + t.chunk < t.pairs ? from + t.chunk : t.pairs;
  const ptrdiff_t left = s->middle[1] / 4 - row, rows = left < t.rows ? left : t.rows;
  float *q = scratch + 4 * ring, *m = q + 4 * each;
  in += row * 4 * v->row;
  if (!(warm && from > 0))
    for (ptrdiff_t z = 2 * from; z < 2 * from + 2; z++)
      slice_to_points(v, in + z * v->slice, rows, t.columns, t.tiles, scratch + z % 4 * ring,
                      each);
  for (ptrdiff_t pair = from; pair < to; pair++) {
    const ptrdiff_t d = 2 * pair;
    for (ptrdiff_t z = d + 2; z < d + 4; z++)
      slice_to_points(v, in + z * v->slice, rows, t.columns, t.tiles, scratch + z % 4 * ring,
                      each);
    const float *s0 = scratch + d % 4 * ring, *s1 = scratch + (d + 1) % 4 * ring;
    const float *s2 = scratch + (d + 2) % 4 * ring, *s3 = scratch + (d + 3) % 4 * ring;
    const float *w = constants->weights;
    for (ptrdiff_t p = 0; p < 36; p++, w += 4 * inputs * outputs) {
      KEEP_LOOP for (ptrdiff_t i = 0; i < each; i += LANES) {
        VEC x0 = LOAD(s0 + p * each + i), x1 = LOAD(s1 + p * each + i);
        VEC x2 = LOAD(s2 + p * each + i), x3 = LOAD(s3 + p * each + i);
        STORE(q + i, x0 - x2);
        STORE(q + each + i, x1 + x2);
        STORE(q + 2 * each + i, x2 - x1);
        STORE(q + 3 * each + i, x3 - x1);
      }
      float *y0 = m + p * t.tiles * outputs, *y1 = y0 + slices;
#if LANES < 16
      point_products(3, 16 / LANES, inputs, outputs, t.tiles, q, w, y0, y1);
#else
      switch (tp_winograd_vectors(LANES, outputs)) {
        case 1: point_products(12, 1, inputs, outputs, t.tiles, q, w, y0, y1); break;
        case 2: point_products(6, 2, inputs, outputs, t.tiles, q, w, y0, y1); break;
        default: point_products(4, 3, inputs, outputs, t.tiles, q, w, y0, y1); break;
      }
#endif
    }
    for (ptrdiff_t r = 0; r < rows; r++) {
      const tile_source from = {m + r * t.columns * outputs, t.tiles * outputs, slices, outputs};
      finish_tiles(s, constants->bias, &from, pair, row + r, 0, t.columns, out);
    }
  }
}
