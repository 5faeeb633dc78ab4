// The passes over two tensors of one type; included by difference.h for each.

#if STEP == 16
#define INT int32_t
#define INTS I16
#define UINTS U16
#define REALS F16
#define FIRST(f) __builtin_convertvector(LOW_HALF(f), D8)
#define SECOND(f) __builtin_convertvector(HIGH_HALF(f), D8)
#define SIGN 0x80000000u
#define ULP_CODE(i) ulp_codes[i]
#define ADD_SQUARE ADD_EXACT
#else
#define INT int64_t
#define INTS I8
#define UINTS U8
#define REALS D8
#define FIRST(f) (f)
#define SIGN 0x8000000000000000ull
#define ULP_CODE(i) (distances[i] ? 64 - __builtin_clzll(distances[i]) : 0)
#define ADD_SQUARE ADD_ROUNDED
#endif
/// The place of a number among all of its type, the two zeros in one.
#define RANK(place, size)                                                                      \
  ((INTS)(((size) ^ (UINTS)((INTS)(place) >> SIGN_SHIFT)) - (UINTS)((INTS)(place) >> SIGN_SHIFT)))
#define SIGN_SHIFT (8 * sizeof(SIGN) - 1)
#define AT(p, i) ((const char *)(p) + (i) * (ptrdiff_t)sizeof(WORD))
#define WHOLE(count) ((count) / STEP * STEP)

INLINE WORD NAMED(word)(const void *p, ptrdiff_t i) {
  WORD word;
  memcpy(&word, AT(p, i), sizeof word);
  return word;
}

INLINE double NAMED(number)(const void *p, ptrdiff_t i) { return NAMED(value)(NAMED(word)(p, i)); }

INLINE INT NAMED(rank)(WORD w) {
  const __typeof__(SIGN) place = SCALAR_PLACE(w), size = place & ~SIGN;
  return place & SIGN ? (INT)(0 - size) : (INT)size;
}

INLINE void NAMED(widen)(INT rank, INT *least, INT *greatest) {
  if (rank < *least) *least = rank;
  if (rank > *greatest) *greatest = rank;
}

/// The number of a rank.
INLINE double NAMED(ranked)(INT rank) {
  const __typeof__(SIGN) size = rank < 0 ? 0 - (__typeof__(SIGN))rank : (__typeof__(SIGN))rank;
  return NAMED(value)((WORD)((rank < 0 ? size | SIGN : size) >> PLACE_SHIFT));
}

/// b - a, and 0 where they are equal or both NaN.
INLINE double NAMED(size)(const void *a, const void *b, ptrdiff_t i) {
  const double x = NAMED(number)(a, i), y = NAMED(number)(b, i);
  return x == y || (x != x && y != y) ? 0 : fabs(y - x);
}

/// The bin of the distance between two numbers that are not NaN.
INLINE int NAMED(ulp_bin)(WORD a, WORD b) {
  typedef __typeof__(SIGN) place;
  place p = (place)SCALAR_PLACE(a), q = (place)SCALAR_PLACE(b);
  // On one side of zero the lesser magnitude is taken from the greater, else both are added.
  const place u = p & ~SIGN, v = q & ~SIGN;
  const place distance = ((p ^ q) & SIGN ? u + v : u > v ? u - v : v - u) >> PLACE_SHIFT;
  return distance ? 64 - __builtin_clzll(distance) : 0;
}

/// Counts zeros and denormals; a second look, because most runs have neither.
static void NAMED(count_tiny)(ptrdiff_t count, const void *a, tp_side *side) {
  int64_t zero = 0, tiny = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    const __typeof__(SIGN) size = (__typeof__(SIGN))SCALAR_PLACE(NAMED(word)(a, i)) & ~SIGN;
    zero += size == 0;
    tiny += size < TINY;
  }
  side->zero = zero, side->denormal = tiny - zero;
}

static int64_t NAMED(flips)(ptrdiff_t count, const void *a, const void *b) {
  int64_t flips = 0;
  for (ptrdiff_t i = 0; i < count; i++) {
    const WORD p = NAMED(word)(a, i), q = NAMED(word)(b, i);
    const __typeof__(SIGN) u = SCALAR_PLACE(p), v = SCALAR_PLACE(q);
    flips += ((u ^ v) & SIGN) != 0 && (u & ~SIGN) != 0 && (v & ~SIGN) != 0;
  }
  return flips;
}

/// The squares of what lies between the numbers and their mean.
static double NAMED(deviation)(ptrdiff_t count, const void *a, double mean) {
  D8 sum = {0};
  const ptrdiff_t whole = WHOLE(count);
  for (ptrdiff_t i = 0; i < whole; i += STEP) {
    const REALS f = FLOATS(LOAD_WORDS(AT(a, i)));
    D8 x = FIRST(f) - mean;
    sum = ADD_ROUNDED(sum, x, x);
#if STEP == 16
    x = SECOND(f) - mean;
    sum = ADD_ROUNDED(sum, x, x);
#endif
  }
  double lanes[8];
  memcpy(lanes, &sum, sizeof lanes);
  for (ptrdiff_t i = whole; i < count; i++) {
    const double x = NAMED(number)(a, i) - mean;
    lanes[i % 8] += x * x;
  }
  return lane_sum(lanes);
}

static int32_t NAMED(squares)(ptrdiff_t count, const void *a, double *result) {
  D8 sum = {0};
  const ptrdiff_t whole = WHOLE(count);
  for (ptrdiff_t i = 0; i < whole; i += STEP) {
    const REALS f = FLOATS(LOAD_WORDS(AT(a, i)));
    D8 x = FIRST(f);
    sum = ADD_SQUARE(sum, x, x);
#if STEP == 16
    x = SECOND(f);
    sum = ADD_SQUARE(sum, x, x);
#endif
  }
  double lanes[8];
  memcpy(lanes, &sum, sizeof lanes);
  for (ptrdiff_t i = whole; i < count; i++) {
    const double x = NAMED(number)(a, i);
    lanes[i % 8] += x * x;
  }
  *result = lane_sum(lanes);
  return isfinite(*result) != 0;
}

/// What is known of a side once its sums are.
static void NAMED(finish)(ptrdiff_t count, const void *a, double sum, __typeof__(SIGN) smallest,
                          INT least, INT greatest, tp_side *side) {
  side->sum = sum;
  side->mean = count > 0 ? sum / (double)count : 0;
  side->least = NAMED(ranked)(least), side->greatest = NAMED(ranked)(greatest);
  side->deviation = NAMED(deviation)(count, a, side->mean);
  side->zero = side->denormal = 0;
  if (smallest < TINY) NAMED(count_tiny)(count, a, side);
}

static int32_t NAMED(measure_side)(ptrdiff_t count, const void *a, tp_side *side) {
  D8 squares = {0}, sum = {0};
  INTS greatest = (INTS)((UINTS){0} + SIGN), least = ~greatest;
  UINTS smallest = ~(UINTS){0};
  const ptrdiff_t whole = WHOLE(count);
  for (ptrdiff_t i = 0; i < whole; i += STEP) {
    const UINTS w = LOAD_WORDS(AT(a, i)), size = PLACES(w) & ~SIGN;
    const REALS f = FLOATS(w);
    smallest = LEAST(size, smallest);
    const INTS rank = RANK(PLACES(w), size);
    least = LEAST(rank, least);
    greatest = GREATEST(rank, greatest);
    D8 x = FIRST(f);
    squares = ADD_SQUARE(squares, x, x);
    sum += x;
#if STEP == 16
    x = SECOND(f);
    squares = ADD_SQUARE(squares, x, x);
    sum += x;
#endif
  }
  double s[8], t[8];
  memcpy(s, &squares, sizeof s);
  memcpy(t, &sum, sizeof t);
  __typeof__(SIGN) tiny = __builtin_reduce_min(smallest);
  INT low = __builtin_reduce_min(least), high = __builtin_reduce_max(greatest);
  for (ptrdiff_t i = whole; i < count; i++) {
    const double x = NAMED(number)(a, i);
    const __typeof__(SIGN) size = (__typeof__(SIGN))SCALAR_PLACE(NAMED(word)(a, i)) & ~SIGN;
    s[i % 8] += x * x;
    t[i % 8] += x;
    if (size < tiny) tiny = size;
    NAMED(widen)(NAMED(rank)(NAMED(word)(a, i)), &low, &high);
  }
  side->squares = lane_sum(s);
  if (!isfinite(side->squares)) return 0;
  NAMED(finish)(count, a, lane_sum(t), tiny, low, high, side);
  return 1;
}

static int32_t NAMED(compare)(ptrdiff_t count, const void *a, const void *b, tp_difference *r) {
  D8 of_a = {0}, of_b = {0}, of_both = {0}, squares = {0}, largest = {0};
  INTS changed = {0};
  const ptrdiff_t whole = WHOLE(count);
  for (ptrdiff_t i = 0; i < whole; i += STEP) {
    const UINTS p = LOAD_WORDS(AT(a, i)), q = LOAD_WORDS(AT(b, i));
    const REALS f = FLOATS(p), g = FLOATS(q);
    changed += (INTS)(p != q);
#define ADD_HALF(HALF)                                                                         \
  {                                                                                            \
    const D8 x = HALF(f), y = HALF(g), d = y - x, size = SIZE8(d);                             \
    of_a = ADD_SQUARE(of_a, x, x);                                                             \
    of_b = ADD_SQUARE(of_b, y, y);                                                             \
    of_both = ADD_SQUARE(of_both, x, y);                                                       \
    squares = ADD_ROUNDED(squares, d, d);                                                      \
    largest = GREATEST8(size, largest);                                                         \
  }
    ADD_HALF(FIRST)
#if STEP == 16
    ADD_HALF(SECOND)
#endif
#undef ADD_HALF
  }
  double s[8], t[8], u[8], v[8];
  memcpy(s, &of_a, sizeof s), memcpy(t, &of_b, sizeof t);
  memcpy(u, &of_both, sizeof u), memcpy(v, &squares, sizeof v);
  r->largest = __builtin_reduce_max(largest);
  r->changed = -(int64_t)__builtin_reduce_add(changed);
  for (ptrdiff_t i = whole; i < count; i++) {
    const double x = NAMED(number)(a, i), y = NAMED(number)(b, i), d = y - x;
    s[i % 8] += x * x, t[i % 8] += y * y, u[i % 8] += x * y, v[i % 8] += d * d;
    if (fabs(d) > r->largest) r->largest = fabs(d);
    r->changed += NAMED(word)(a, i) != NAMED(word)(b, i);
  }
  r->a.squares = lane_sum(s), r->b.squares = lane_sum(t);
  r->product = lane_sum(u), r->squares = lane_sum(v);
  return isfinite(r->a.squares) && isfinite(r->b.squares);
}

static int32_t NAMED(measure)(ptrdiff_t count, const void *a, const void *b, tp_difference *r,
                              int64_t *ulps, uint32_t *sizes) {
  D8 of_a = {0}, of_b = {0}, of_both = {0}, squares = {0}, largest = {0};
  D8 sum_a = {0}, sum_b = {0}, sum_abs = {0};
  INTS changed = {0}, signs = {0};
  INTS greatest_a = (INTS)((UINTS){0} + SIGN), least_a = ~greatest_a;
  INTS greatest_b = greatest_a, least_b = least_a;
  UINTS smallest_a = ~(UINTS){0}, smallest_b = smallest_a;
  // Four rows, so that neighbours in one bin do not wait for each other.
  uint32_t rows[4][256] = {{0}};
  uint16_t size_codes[BLOCK];
#if STEP == 16
  uint8_t ulp_codes[BLOCK];
#else
  uint64_t distances[BLOCK];
#endif
  uint32_t *const others = sizes ? sizes + TP_SIZE_BINS : NULL;
  const ptrdiff_t whole = WHOLE(count);
  for (ptrdiff_t start = 0; start < whole; start += BLOCK) {
    const ptrdiff_t end = whole - start < BLOCK ? whole : start + BLOCK;
    UINTS differing = {0};
    for (ptrdiff_t i = start; i < end; i += STEP) {
      const UINTS v = LOAD_WORDS(AT(a, i)), w = LOAD_WORDS(AT(b, i));
      const UINTS p = PLACES(v), q = PLACES(w), m = p & ~SIGN, n = q & ~SIGN;
      const REALS f = FLOATS(v), g = FLOATS(w);
      changed += (INTS)(v != w);
      differing |= v ^ w;
      signs += (INTS)(p ^ q) >> SIGN_SHIFT;
      smallest_a = LEAST(m, smallest_a);
      smallest_b = LEAST(n, smallest_b);
      const INTS j = RANK(p, m), k = RANK(q, n);
      least_a = LEAST(j, least_a);
      greatest_a = GREATEST(j, greatest_a);
      least_b = LEAST(k, least_b);
      greatest_b = GREATEST(k, greatest_b);
#if STEP == 16
      // The highest bit of the distance, which float32 has exactly, gives the bin.
      U16 distance = ((U16)GREATEST(j, k) - (U16)LEAST(j, k)) >> PLACE_SHIFT;
      distance = LEAST(distance, (U16){0} + SIGN);
      distance &= ~(distance >> 1);
      const U16 code = (U16)__builtin_convertvector((I16)distance, F16) >> 23 & 0xFF;
      *(B16_LOOSE *)(ulp_codes + (i - start)) = __builtin_convertvector(code, B16);
#else
      *(U8_LOOSE *)(distances + (i - start)) = (U8)GREATEST(j, k) - (U8)LEAST(j, k);
#endif
#define ADD_HALF(HALF, place)                                                                  \
  {                                                                                            \
    const D8 x = HALF(f), y = HALF(g), d = y - x, size = SIZE8(d);                             \
    of_a = ADD_SQUARE(of_a, x, x);                                                             \
    of_b = ADD_SQUARE(of_b, y, y);                                                             \
    of_both = ADD_SQUARE(of_both, x, y);                                                       \
    squares = ADD_ROUNDED(squares, d, d);                                                      \
    sum_a += x, sum_b += y, sum_abs += size;                                                   \
    largest = GREATEST8(size, largest);                                                         \
    *(H8_LOOSE *)(size_codes + (i - start) + place) =                                          \
        __builtin_convertvector((U8)size >> TP_SIZE_SHIFT, H8);                                \
  }
      ADD_HALF(FIRST, 0)
#if STEP == 16
      ADD_HALF(SECOND, 8)
#endif
#undef ADD_HALF
    }
    const ptrdiff_t length = end - start;
    if (__builtin_reduce_or(differing) == 0) {
      rows[0][0] += (uint32_t)length;
      // Where none differs all sizes are 0, unless they are infinite or NaN: then they are looked up.
      const D8 bad = sum_abs - sum_abs;
      if (sizes && __builtin_reduce_or((I8)(bad != bad)) == 0) {
        sizes[0] += (uint32_t)length;
        continue;
      }
    } else {
      for (ptrdiff_t i = 0; i < length; i += 4) {
        rows[0][ULP_CODE(i)]++, rows[1][ULP_CODE(i + 1)]++;
        rows[2][ULP_CODE(i + 2)]++, rows[3][ULP_CODE(i + 3)]++;
      }
    }
    if (!sizes) continue;
    for (ptrdiff_t i = 0; i < length; i += 4) {
      sizes[size_codes[i]]++, others[size_codes[i + 1]]++;
      sizes[size_codes[i + 2]]++, others[size_codes[i + 3]]++;
    }
  }
  // As many arrays as sums, for the elements of the last vector that is not whole.
  double sums[8][8];
  memcpy(sums[0], &of_a, 64), memcpy(sums[1], &of_b, 64), memcpy(sums[2], &of_both, 64);
  memcpy(sums[3], &squares, 64), memcpy(sums[4], &sum_a, 64), memcpy(sums[5], &sum_b, 64);
  memcpy(sums[6], &sum_abs, 64);
  r->largest = __builtin_reduce_max(largest);
  r->changed = -(int64_t)__builtin_reduce_add(changed);
  r->flips = -(int64_t)__builtin_reduce_add(signs);
  __typeof__(SIGN) tiny_a = __builtin_reduce_min(smallest_a);
  __typeof__(SIGN) tiny_b = __builtin_reduce_min(smallest_b);
  INT low_a = __builtin_reduce_min(least_a), high_a = __builtin_reduce_max(greatest_a);
  INT low_b = __builtin_reduce_min(least_b), high_b = __builtin_reduce_max(greatest_b);
  for (ptrdiff_t i = whole; i < count; i++) {
    const int lane = i % 8;
    const WORD v = NAMED(word)(a, i), w = NAMED(word)(b, i);
    const __typeof__(SIGN) p = SCALAR_PLACE(v), q = SCALAR_PLACE(w), m = p & ~SIGN, n = q & ~SIGN;
    const double x = NAMED(value)(v), y = NAMED(value)(w), d = y - x, size = fabs(d);
    sums[0][lane] += x * x, sums[1][lane] += y * y, sums[2][lane] += x * y;
    sums[3][lane] += d * d, sums[4][lane] += x, sums[5][lane] += y, sums[6][lane] += size;
    if (size > r->largest) r->largest = size;
    r->changed += v != w;
    r->flips += ((p ^ q) & SIGN) != 0;
    if (m < tiny_a) tiny_a = m;
    if (n < tiny_b) tiny_b = n;
    NAMED(widen)(NAMED(rank)(v), &low_a, &high_a);
    NAMED(widen)(NAMED(rank)(w), &low_b, &high_b);
    const int bin = NAMED(ulp_bin)(v, w);
    rows[0][STEP == 16 && bin ? bin + 126 : bin]++;
    uint64_t bits;
    memcpy(&bits, &size, 8);
    if (sizes) sizes[bits >> TP_SIZE_SHIFT]++;
  }
  r->a.squares = lane_sum(sums[0]), r->b.squares = lane_sum(sums[1]);
  r->product = lane_sum(sums[2]), r->squares = lane_sum(sums[3]), r->sum_abs = lane_sum(sums[6]);
  if (!isfinite(r->a.squares) || !isfinite(r->b.squares)) {
    for (ptrdiff_t i = 0; sizes && i < count; i++) {
      const double x = NAMED(number)(a, i), y = NAMED(number)(b, i);
      if ((x == y && isinf(x)) || (x != x && y != y)) sizes[0]++;
    }
    return 0;
  }
  NAMED(finish)(count, a, lane_sum(sums[4]), tiny_a, low_a, high_a, &r->a);
  NAMED(finish)(count, b, lane_sum(sums[5]), tiny_b, low_b, high_b, &r->b);
  if (tiny_a == 0 || tiny_b == 0) r->flips = NAMED(flips)(count, a, b);
  for (int code = 0; code < 256; code++) {
    const int bin = STEP == 16 && code > 126 ? code - 126 : code;
    const uint32_t all = rows[0][code] + rows[1][code] + rows[2][code] + rows[3][code];
    if (all) ulps[bin] += all;
  }
  return 1;
}

static void NAMED(channels)(ptrdiff_t count, const void *a, const void *b, ptrdiff_t rest,
                            ptrdiff_t channel, double *deltas, double *squares) {
  for (ptrdiff_t start = 0, length = rest; start < count; start += length, length = channel) {
    if (length > count - start) length = count - start;
    const char *p = AT(a, start), *q = AT(b, start);
    D8 of_a = {0}, of_d = {0};
    const ptrdiff_t whole = WHOLE(length);
    for (ptrdiff_t i = 0; i < whole; i += STEP) {
      const REALS f = FLOATS(LOAD_WORDS(AT(p, i))), g = FLOATS(LOAD_WORDS(AT(q, i)));
      D8 x = FIRST(f), d = FIRST(g) - x;
      of_a = ADD_SQUARE(of_a, x, x);
      of_d = ADD_ROUNDED(of_d, d, d);
#if STEP == 16
      x = SECOND(f), d = SECOND(g) - x;
      of_a = ADD_SQUARE(of_a, x, x);
      of_d = ADD_ROUNDED(of_d, d, d);
#endif
    }
    double s[8], t[8];
    memcpy(s, &of_a, sizeof s);
    memcpy(t, &of_d, sizeof t);
    for (ptrdiff_t i = whole; i < length; i++) {
      const double x = NAMED(number)(p, i), d = NAMED(number)(q, i) - x;
      s[i % 8] += x * x, t[i % 8] += d * d;
    }
    *squares++ = lane_sum(s);
    *deltas++ = lane_sum(t);
  }
}

static ptrdiff_t NAMED(first)(ptrdiff_t count, const void *a, const void *b, double size) {
  ptrdiff_t i = 0;
  for (; i + STEP <= count; i += STEP) {
    const REALS f = FLOATS(LOAD_WORDS(AT(a, i))), g = FLOATS(LOAD_WORDS(AT(b, i)));
    D8 d = FIRST(g) - FIRST(f);
    I8 found = (I8)(SIZE8(d) == size);
#if STEP == 16
    d = SECOND(g) - SECOND(f);
    found |= (I8)(SIZE8(d) == size);
#endif
    if (__builtin_reduce_or(found) != 0) break;
  }
  while (i < count && NAMED(size)(a, b, i) != size) i++;
  return i;
}

static void NAMED(sizes)(ptrdiff_t count, const void *a, const void *b, const tp_range *ranges,
                         double *const *out, ptrdiff_t *found) {
  ptrdiff_t i = 0, n[2] = {0, 0};
  double *const first = out[0], *const second = out[1];
  const tp_range low = ranges[0], high = ranges[1];
  for (ptrdiff_t start = 0; start < count; start += STEP) {
    int isPlain = count - start >= STEP;
    if (isPlain) {
      const REALS f = FLOATS(LOAD_WORDS(AT(a, start))), g = FLOATS(LOAD_WORDS(AT(b, start)));
      D8 sizes = FIRST(g) - FIRST(f);
      sizes = SIZE8(sizes);
      U8 most = (U8)sizes;
#if STEP == 16
      D8 others = SECOND(g) - SECOND(f);
      others = SIZE8(others);
      most |= (U8)others;
#endif
      // All bits of the exponent of one may have come together from several: then it is looked again.
      if (ANY((most & INFINITE_SIZE) == INFINITE_SIZE)) {
        isPlain = 0;
      } else {
        KEEP_WITHIN(sizes, low, first, n[0])
        KEEP_WITHIN(sizes, high, second, n[1])
#if STEP == 16
        KEEP_WITHIN(others, low, first, n[0])
        KEEP_WITHIN(others, high, second, n[1])
#endif
      }
    }
    for (i = start; !isPlain && i < start + STEP && i < count; i++) {
      const double size = NAMED(size)(a, b, i);
      uint64_t bits;
      memcpy(&bits, &size, 8);
      if (bits >= low.first && bits <= low.last) first[n[0]++] = size;
      if (bits >= high.first && bits <= high.last) second[n[1]++] = size;
    }
  }
  found[0] = n[0], found[1] = n[1];
}

#undef WORD
#undef LOAD_WORDS
#undef PLACES
#undef PLACE_SHIFT
#undef FLOATS
#undef TINY
#undef SCALAR_PLACE
#undef NAMED
#undef INT
#undef INTS
#undef RANK
#undef UINTS
#undef REALS
#undef FIRST
#undef SECOND
#undef SIGN
#undef ULP_CODE
#undef SIGN_SHIFT
#undef ADD_SQUARE
#undef AT
#undef WHOLE
