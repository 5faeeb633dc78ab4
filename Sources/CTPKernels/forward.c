// Planning, packing and running the steps of a forward pass; what no instruction set changes.
#include "kernels.h"
#include "tp_peak.h"
#include "team.h"
#include <string.h>
#pragma STDC FP_CONTRACT OFF

int32_t tp_best_variant(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")) return TP_PORTABLE;
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return TP_AVX512;
  return TP_AVX2;
#else
  return TP_PORTABLE;
#endif
}

const tp_kernels *tp_kernels_of(int32_t variant) {
#if defined(__x86_64__)
  if (variant == TP_AVX512) return &tp_kernels_avx512;
  if (variant == TP_AVX2) return &tp_kernels_avx2;
#else
  (void)variant;
#endif
  return &tp_kernels_portable;
}

void tp_sigmoid(int32_t variant, ptrdiff_t count, float *x) {
  tp_kernels_of(variant)->sigmoid(count, x);
}
void tp_tanh(int32_t variant, ptrdiff_t count, float *x) {
  tp_kernels_of(variant)->tanh(count, x);
}

ptrdiff_t tp_fma_peak(int32_t variant, ptrdiff_t rounds) {
  // Stored, so that the work is not found to be of no use.
  volatile double sum = tp_kernels_of(variant)->fma_peak(rounds);
  (void)sum;
  return 12 * tp_lanes(variant);
}

ptrdiff_t tp_bias_count(ptrdiff_t outputs) { return tp_round_up(outputs, 64); }

/// Blocks of rows of a recurrence's weights.
static ptrdiff_t gates(const tp_step *s) { return s->function == TP_LSTM ? 4 : 3; }

ptrdiff_t tp_plan(int32_t variant, tp_step *s) {
  const ptrdiff_t lanes = tp_lanes(variant), channels = s->target.channels;
  const ptrdiff_t block = tp_linear_block(lanes);
  s->strips = 1;
  switch (s->kind) {
    case TP_ENTER: s->strips = s->target.extents[0]; return 0;
    case TP_LEAVE: s->strips = s->source.extents[0]; return 0;
    case TP_CONVOLVE:
      s->strips = s->target.extents[0] * s->target.extents[1];
      return s->pool[0] * s->pool[1] * s->middle[2] * tp_round_up(channels, lanes);
    case TP_WINOGRAD_FIRST: {
      const tp_tiling t = tp_tile(lanes, s);
      s->strips = t.row_strips * t.chunks;
      return 4 * 16 * t.tiles;
    }
    case TP_WINOGRAD: {
      const tp_tiling t = tp_tile(lanes, s);
      s->strips = t.row_strips * t.chunks;
      return (4 * 36 + 4) * t.tiles * s->source.channels + 2 * 36 * t.tiles * channels;
    }
    case TP_SCALE: s->strips = s->rows; return 0;
    case TP_MAX_POOL: s->strips = s->source.channels; return 0;
    case TP_AVERAGE_POOL: s->strips = s->target.extents[0]; return s->source.channels;
    case TP_LINEAR: s->strips = (s->outputs + block - 1) / block; return 4 * block;
    case TP_RECUR:
      s->strips = s->groups;
      return tp_round_up(gates(s) * s->outputs, block) + 2 * s->outputs;
    case TP_CORRELATE: s->strips = channels; return 0;
    case TP_POOL: s->strips = s->source.channels; return 0;
    case TP_LAYER_NORM:
    case TP_SOFTMAX: s->strips = s->rows; return 0;
    default: return 0;
  }
}

// Packing.

static ptrdiff_t taps(const tp_step *s) { return s->kernel[0] * s->kernel[1] * s->kernel[2]; }

/// Inputs and outputs of a linear layer; of one direction of a recurrence, all gates.
static ptrdiff_t linear_inputs(const tp_step *s) {
  return s->kind == TP_RECUR ? s->outputs : s->count;
}
static ptrdiff_t linear_outputs(const tp_step *s) {
  return s->kind == TP_RECUR ? gates(s) * s->outputs : s->outputs;
}

static ptrdiff_t directions(const tp_step *s) { return s->kind == TP_RECUR ? s->groups : 1; }

ptrdiff_t tp_packed_count(int32_t variant, const tp_step *s) {
  const ptrdiff_t lanes = tp_lanes(variant), outputs = s->target.channels;
  switch (s->kind) {
    case TP_CONVOLVE: return tp_round_up(outputs, lanes) * s->source.channels * taps(s);
    case TP_WINOGRAD_FIRST: return 16 * 3 * outputs;
    case TP_WINOGRAD: return 36 * 4 * s->source.channels * outputs;
    case TP_LINEAR:
    case TP_RECUR:
      return directions(s) * linear_inputs(s) *
             tp_round_up(linear_outputs(s), tp_linear_block(lanes));
    default: return 0;
  }
}

/// [block of outputs][inputs][output of the block], zeros for outputs beyond the last; the last
/// whole blocks are followed by blocks of `least`.
static void pack_blocks(const float *rows, const double *scale, ptrdiff_t outputs, ptrdiff_t inputs,
                        ptrdiff_t block, ptrdiff_t least, float *packed) {
  const ptrdiff_t padded = tp_round_up(outputs, least);
  for (ptrdiff_t first = 0; first < padded;) {
    const ptrdiff_t width = first + block <= padded ? block : least;
    for (ptrdiff_t o = 0; o < width; o++) {
      const ptrdiff_t output = first + o;
      const float *row = rows + output * inputs;
      if (output >= outputs)
        for (ptrdiff_t i = 0; i < inputs; i++) packed[i * width + o] = 0;
      else if (scale)
        for (ptrdiff_t i = 0; i < inputs; i++)
          packed[i * width + o] = (float)((double)row[i] * scale[output]);
      else
        for (ptrdiff_t i = 0; i < inputs; i++) packed[i * width + o] = row[i];
    }
    packed += width * inputs, first += width;
  }
}

/// A line of three weights at the points of F(4, 3): 0, 3/4, -3/4, 3/2, -3/2, infinity.
static void to_six(const double *w, ptrdiff_t step, double *out, ptrdiff_t out_step) {
  const double a = w[0], b = w[step], c = w[2 * step];
  // 1 / product of the differences to the other points.
  const double none = 64.0 / 81, near = -128.0 / 243, far = 32.0 / 243;
  const double even1 = a + 0.5625 * c, odd1 = 0.75 * b, even2 = a + 2.25 * c, odd2 = 1.5 * b;
  out[0] = none * a;
  out[out_step] = near * (even1 + odd1);
  out[2 * out_step] = near * (even1 - odd1);
  out[3 * out_step] = far * (even2 + odd2);
  out[4 * out_step] = far * (even2 - odd2);
  out[5 * out_step] = c;
}

/// A line of three weights for F(2, 3).
static void to_four(const double *w, ptrdiff_t step, double *out, ptrdiff_t out_step) {
  const double a = w[0], b = w[step], c = w[2 * step];
  out[0] = a;
  out[out_step] = 0.5 * ((a + c) + b);
  out[2 * out_step] = 0.5 * ((a + c) - b);
  out[3 * out_step] = c;
}

/// 27 weights to [depth: 4][36 points]; for `first` to [depth: 3][16 points].
static void to_points(const float *w, double scale, int first, double *points) {
  void (*const spread)(const double *, ptrdiff_t, double *, ptrdiff_t) = first ? to_four : to_six;
  const int side = first ? 4 : 6, all = side * side;
  double line[27], plane[3 * 3 * 6], deep[3 * 36];
  for (int i = 0; i < 27; i++) line[i] = (double)w[i] * scale;
  for (int i = 0; i < 9; i++) spread(line + 3 * i, 1, plane + side * i, 1);
  for (int d = 0; d < 3; d++)
    for (int x = 0; x < side; x++)
      spread(plane + 3 * side * d + x, side, deep + all * d + x, side);
  if (first)
    memcpy(points, deep, sizeof(double) * 3 * 16);
  else
    for (int p = 0; p < 36; p++) to_four(deep + p, 36, points + p, 36);
}

static void pack_winograd(ptrdiff_t lanes, const tp_step *s, const float *weights,
                          const double *scale, float *packed) {
  const ptrdiff_t inputs = s->source.channels, outputs = s->target.channels;
  const int first = s->kind == TP_WINOGRAD_FIRST;
  const ptrdiff_t width = first ? lanes : lanes * tp_winograd_vectors(lanes, outputs);
  const ptrdiff_t depths = first ? 3 : 4, all = first ? 16 : 36, block = inputs * width;
  // First: [block][point][depth][output of the block].
  // Else: [point][block][depth][input][output of the block].
  const ptrdiff_t blocks = first ? 48 * lanes : depths * block;
  const ptrdiff_t next = first ? depths * block : depths * inputs * outputs;
  for (ptrdiff_t o = 0; o < outputs; o++)
    for (ptrdiff_t i = 0; i < inputs; i++) {
      double points[4 * 36];
      to_points(weights + (o * inputs + i) * 27, scale ? scale[o] : 1, first, points);
      float *place = packed + o / width * blocks + i * width + o % width;
      for (ptrdiff_t p = 0; p < all; p++)
        for (ptrdiff_t d = 0; d < depths; d++)
          place[p * next + d * block] = (float)points[d * all + p];
    }
}

void tp_pack(int32_t variant, const tp_step *s, const float *weights, const double *scale,
             float *packed) {
  const ptrdiff_t lanes = tp_lanes(variant), block = tp_linear_block(lanes);
  switch (s->kind) {
    case TP_CONVOLVE:
      pack_blocks(weights, scale, s->target.channels, s->source.channels * taps(s),
                  tp_direct_block(lanes), lanes, packed);
      break;
    case TP_WINOGRAD_FIRST:
    case TP_WINOGRAD: pack_winograd(lanes, s, weights, scale, packed); break;
    case TP_LINEAR:
    case TP_RECUR:
      for (ptrdiff_t d = 0, n = linear_inputs(s), m = linear_outputs(s); d < directions(s); d++)
        pack_blocks(weights + d * n * m, scale, m, n, block, block,
                    packed + d * n * tp_round_up(m, block));
      break;
    default: break;
  }
}

// Running.

typedef struct {
  const tp_program *program;
  const tp_kernels *kernels;
  ptrdiff_t from;
  const float *clip;
  float *const *workspaces;
  float *results;
} tp_work;

static void run_strip(const tp_work *w, const tp_step *s, const float *clip, ptrdiff_t strip,
                      int warm, float *memory, float *scratch) {
  const tp_program *p = w->program;
  const tp_constants constants = {p->constants + s->weights, p->constants + s->bias,
                                  p->orders + s->order};
  w->kernels->run[s->kind](s, &constants, s->in == TP_CLIP ? clip : memory + s->in,
                           memory + s->out, scratch, strip, warm);
}

static ptrdiff_t step_strips(const void *work, ptrdiff_t stage) {
  const tp_work *w = work;
  return w->program->steps[w->from + stage].strips;
}

static void run_step(const void *work, ptrdiff_t stage, ptrdiff_t strip, ptrdiff_t before,
                     ptrdiff_t member) {
  const tp_work *w = work;
  run_strip(w, &w->program->steps[w->from + stage], w->clip, strip, before == strip - 1,
            w->workspaces[0], w->workspaces[member] + w->program->scratch);
}

void tp_run_steps(const tp_program *program, ptrdiff_t from, ptrdiff_t to, const float *clip,
                  float *const *workspaces, ptrdiff_t threads) {
  const tp_work work = {program, tp_kernels_of(program->variant), from, clip, workspaces, NULL};
  tp_together(threads, to - from, step_strips, run_step, &work);
}

static ptrdiff_t clip_strips(const void *work, ptrdiff_t stage) {
  (void)stage;
  return ((const tp_work *)work)->from;
}

static void run_clip(const void *work, ptrdiff_t stage, ptrdiff_t strip, ptrdiff_t before,
                     ptrdiff_t member) {
  (void)stage, (void)before;
  const tp_work *w = work;
  const tp_program *p = w->program;
  float *memory = w->workspaces[member];
  for (ptrdiff_t i = 0; i < p->count; i++)
    for (ptrdiff_t j = 0; j < p->steps[i].strips; j++)
      run_strip(w, &p->steps[i], w->clip + strip * p->clip, j, j > 0, memory, memory + p->scratch);
  memcpy(w->results + strip * p->results, memory + p->result, (size_t)p->results * sizeof(float));
}

void tp_run_clips(const tp_program *program, ptrdiff_t clips, const float *input,
                  float *const *workspaces, ptrdiff_t threads, float *results) {
  // Whole clips on each thread as long as there are enough; the rest in strips on all of them.
  const ptrdiff_t whole = threads > 1 ? clips / threads * threads : clips;
  tp_work work = {program, tp_kernels_of(program->variant), whole, input, workspaces, results};
  tp_together(threads, whole > 0, clip_strips, run_clip, &work);
  for (ptrdiff_t clip = whole; clip < clips; clip++) {
    tp_run_steps(program, 0, program->count, input + clip * program->clip, workspaces, threads);
    memcpy(results + clip * program->results, workspaces[0] + program->result,
           (size_t)program->results * sizeof(float));
  }
}

void tp_leave(const tp_volume *volume, const float *in, float *out) {
  tp_step step = {.kind = TP_LEAVE, .source = *volume};
  for (ptrdiff_t d = 0; d < volume->extents[0]; d++)
    tp_kernels_portable.run[TP_LEAVE](&step, NULL, in, out, NULL, d, 0);
}
