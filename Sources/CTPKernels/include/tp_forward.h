#pragma once
// The forward pass in float32: a list of steps over one block of memory, run by a small team of
// threads.
//
// Every output element is a chain of operations in an order that is part of its definition, so that
// no vector width, instruction set, thread count or number of clips can change a bit. Callers have
// checked every size; nothing here allocates once a team's threads run.
#include <stddef.h>
#include <stdint.h>

/// Plain C; `fmaf` where the processor has no fused multiply-add. On arm64 these are NEON's.
#define TP_PORTABLE 0
/// x86-64 with AVX2 and FMA.
#define TP_AVX2 1
/// x86-64 with AVX-512 F, BW, DQ and VL.
#define TP_AVX512 2

/// The fastest variant that this processor runs; it runs those below, too.
int32_t tp_best_variant(void);

/// A tensor with channels last and zeros around it. The element of depth d, height h, width w and
/// channel c lies at (d + padding) slice + (h + padding) row + (w + padding) channels + c; where
/// `phase` is not 0, there is one channel and column x of a padded row lies at
/// x % 4 phase + x / 4.
typedef struct tp_volume {
  ptrdiff_t channels, extents[3], padding[3], row, slice, phase;
} tp_volume;

/// Kinds of steps.
enum {
  /// Row-major numbers, strip by strip of depth, into `target`.
  TP_ENTER = 0,
  /// A convolution with bias, and the ReLU and pooling that follow; from `source` to `target`.
  TP_CONVOLVE,
  /// The same for kernels of 3x3x3 by Winograd's algorithm, from one channel laid out by phases.
  TP_WINOGRAD_FIRST,
  /// The same from a multiple of 16 channels.
  TP_WINOGRAD,
  /// `source` to row-major numbers.
  TP_LEAVE,
  /// `count` numbers as they are, from `skip` on.
  TP_COPY,
  /// fma(x, weights, bias) for each of `rows` channels of `count` elements.
  TP_SCALE,
  /// Negative values become 0; NaN stays.
  TP_RELU,
  /// The largest of each window of a row-major tensor; NaN where a window holds one.
  TP_MAX_POOL,
  /// Means of bins: from `source`, or from a row-major tensor where `source.row` is 0.
  TP_AVERAGE_POOL,
  /// out[i] = in[order[i]]; 0 where the order is negative.
  TP_REORDER,
  /// Rows of `count` inputs to rows of `outputs`.
  TP_LINEAR,
  /// The recurrent part of an LSTM or GRU: `in` are rows of the sums from bias and inputs, for each
  /// of `groups` directions those of the gates i, f, g, o or r, z, n.
  TP_RECUR,
  /// A convolution of groups with dilation, from a row-major tensor with its padding.
  TP_CORRELATE,
  /// Windows of any kind over a row-major tensor; `order` has their spans, `skip` the divisor.
  TP_POOL,
  /// A function of each element.
  TP_POINTWISE,
  /// Each of `rows` of `count`, less its mean, divided by its deviation (`value` is eps), scaled
  /// and shifted.
  TP_LAYER_NORM,
  /// Over `count`, for each of `rows` before and of `outputs` after that axis.
  TP_SOFTMAX,
  TP_KINDS,
};

/// Functions of the kinds that have a choice.
enum { TP_LSTM = 0, TP_GRU };
enum { TP_LEAKY_RELU = 0, TP_TANH, TP_SIGMOID };
enum { TP_PLAIN_SOFTMAX = 0, TP_LOG_SOFTMAX };

/// Where a step reads the clip.
#define TP_CLIP (-1)

/// One step. `in` and `out` are offsets in the workspace, in floats.
typedef struct tp_step {
  int32_t kind;
  /// Whether negative results become 0, in the kinds that convolve.
  int32_t relu;
  /// Which of the kind's functions.
  int32_t function;
  /// A negative slope, or an eps.
  double value;
  ptrdiff_t in, out;
  /// Parts of the work that may run at the same time; fixed by the sizes alone.
  ptrdiff_t strips;
  tp_volume source, target;
  /// Sizes of the window or kernel, steps between windows, and the window of the pooling.
  ptrdiff_t kernel[3], stride[3], pool[3];
  /// Steps between the inputs of a window; parts of the channels, or directions.
  ptrdiff_t dilation[3], groups;
  /// Outputs of the convolution, before pooling.
  ptrdiff_t middle[3];
  ptrdiff_t rows, count, outputs, skip;
  /// Where they begin among the program's constants.
  ptrdiff_t weights, bias, order;
} tp_step;

/// The most threads that a call uses.
#define TP_MOST_THREADS 64

/// What a group of clips needs.
typedef struct tp_program {
  int32_t variant;
  const float *constants;
  const int32_t *orders;
  const tp_step *steps;
  ptrdiff_t count;
  /// Where the scratch memory starts in the workspace, which is the same in all.
  ptrdiff_t scratch;
  /// Elements of a clip, and where the result of the last step lies, with its elements.
  ptrdiff_t clip, result, results;
} tp_program;

/// Runs steps from..<to on one clip.
///
/// `workspaces` holds one per thread: the first for the clip, the scratch memory of all.
void tp_run_steps(const tp_program *program, ptrdiff_t from, ptrdiff_t to, const float *clip,
                  float *const *workspaces, ptrdiff_t threads);

/// Runs all steps on clips, the results one after the other.
void tp_run_clips(const tp_program *program, ptrdiff_t clips, const float *input,
                  float *const *workspaces, ptrdiff_t threads, float *results);

/// A volume as row-major numbers: channel, depth, height, width.
void tp_leave(const tp_volume *volume, const float *in, float *out);

/// Fills in `strips`, and gives the scratch memory that a step needs, in floats.
ptrdiff_t tp_plan(int32_t variant, tp_step *step);

/// Floats that the packed weights of a step take; 0 where it has none.
ptrdiff_t tp_packed_count(int32_t variant, const tp_step *step);
/// Packs weights that are row-major: [output][input][depth][height][width] or [output][input], each
/// multiplied by the scale of its output where there is one, in float64, and rounded once.
void tp_pack(int32_t variant, const tp_step *step, const float *weights, const double *scale,
             float *packed);
/// 1 / (1 + e^-x) within 2.5 ulp and the hyperbolic tangent within 2 ulp, over the whole range.
void tp_sigmoid(int32_t variant, ptrdiff_t count, float *x);
void tp_tanh(int32_t variant, ptrdiff_t count, float *x);

/// Floats that the bias of so many outputs takes; those beyond are 0.
ptrdiff_t tp_bias_count(ptrdiff_t outputs);
