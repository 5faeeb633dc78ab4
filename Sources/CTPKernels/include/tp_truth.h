#pragma once
// The hot loops of the float64 truth and of the rounding noise that is carried along.
//
// One output element is a chain of fused multiply-adds in an order that is part of its definition,
// so that no tile, vector width, instruction set or thread count can change a bit. Callers have
// checked every size; nothing here allocates. Tensors are row-major: channel, depth, height, width.
#include <stddef.h>
#include <stdint.h>

/// Output channels that a convolution computes together; weights and biases are padded to it.
#define TP_CHANNEL_BLOCK 4
/// Columns that a row of output is rounded up to, for reading ahead in the padded input.
#define TP_COLUMN_BLOCK 8
/// Outputs that a linear layer computes together.
#define TP_LINEAR_BLOCK 16

/// The sizes of a convolution; depth, height, width in that order.
typedef struct tp_conv3d {
  ptrdiff_t in_channels, out_channels;
  ptrdiff_t input[3], kernel[3], stride[3], padding[3], output[3];
  /// Columns of one phase of a padded row: a row with a column stride s is stored as s phases, the
  /// columns 0, s, 2s, ..., then 1, s+1, ..., so that neighbouring outputs read neighbouring
  /// inputs.
  ptrdiff_t phase;
} tp_conv3d;

/// The sizes of a convolution of groups with dilation, whose input has its padding.
typedef struct tp_correlation {
  ptrdiff_t channels, outputs, groups;
  ptrdiff_t input[3], kernel[3], stride[3], dilation[3], output[3];
} tp_correlation;

/// What a pooling makes of a window.
enum {
  /// The largest; NaN where there is one.
  TP_LARGEST = 0,
  /// The sum in row-major order, divided by the count.
  TP_MEAN,
  /// The same divided by the count twice.
  TP_MEAN_VARIANCE,
  /// The mean of the magnitudes, times the root of n / 16 where n, the elements, are more than 16.
  TP_MEAN_ROUNDING,
};

/// The sizes of a pooling. Its windows are given as spans: of depth, then height, then width, for
/// each output coordinate the first input, the one after the last, and what the axis contributes
/// to the count.
typedef struct tp_pooling {
  ptrdiff_t input[3], output[3];
  /// Steps between the inputs of a window.
  ptrdiff_t dilation[3];
  /// What stands for the count, unless it is 0.
  ptrdiff_t divisor;
  int32_t function;
} tp_pooling;

/// Copies an input into one with its zero padding: [in_channels][depth][height][stride][phase].
void tp_truth_pad(int32_t variant, const tp_conv3d *shape, const double *in, double *padded);

/// Bias, then a chain of fused multiply-adds over input channel, kernel depth, height, width.
/// Padded positions take part as zeros. `weights` are [block][in_channel][d][h][w][4 channels].
void tp_truth_conv(int32_t variant, const tp_conv3d *shape, const double *padded,
                   const double *weights, const double *bias, double *out);

/// sums[o] = fma(x[i], w[i][o], sums[o]) over i in order. `weights` are [block][in][outputs of the
/// block]; `outputs` is a multiple of the block.
void tp_truth_linear(int32_t variant, ptrdiff_t inputs, ptrdiff_t outputs, const double *x,
                     const double *weights, double *sums);

/// x = fma(x, scale, shift), per channel, in place.
void tp_truth_scale_shift(int32_t variant, ptrdiff_t channels, ptrdiff_t count, const double *scale,
                          const double *shift, double *x);

/// Negative values become 0; NaN stays.
void tp_truth_relu(int32_t variant, ptrdiff_t count, double *x);

/// The largest of each window, without padding; NaN where a window holds one.
void tp_truth_max_pool(int32_t variant, ptrdiff_t channels, const ptrdiff_t *input,
                       const ptrdiff_t *kernel, const ptrdiff_t *stride, const ptrdiff_t *output,
                       const double *in, double *out);

/// From the bias a chain of fused multiply-adds over input channel of the group, depth, height,
/// width. `weights` are [output][channel of the group][d][h][w]; the input has its padding.
void tp_truth_correlate(int32_t variant, const tp_correlation *shape, const double *in,
                        const double *weights, const double *bias, double *out);

/// A pooling of each channel.
void tp_truth_pool(int32_t variant, ptrdiff_t channels, const tp_pooling *shape,
                   const int32_t *spans, const double *in, double *out);

/// Variances after a convolution or linear layer: variance += (half_unit * magnitude)^2.
void tp_truth_add_rounding(int32_t variant, ptrdiff_t count, double half_unit,
                           const double *magnitude, double *variance);

/// Variances after a batch norm, from its input x: a^2 v + u^2 ((a x)^2 + (a mean)^2 + shift^2).
void tp_truth_batch_norm_variance(int32_t variant, ptrdiff_t channels, ptrdiff_t count, double unit,
                                  const double *a, const double *mean, const double *shift,
                                  const double *x, double *variance);

/// out = |in|.
void tp_truth_magnitude(int32_t variant, ptrdiff_t count, const double *in, double *out);

/// Standard deviations; where the variance is not 0, or the value is not but lies below float32's
/// normal numbers, at least 2^-126.
void tp_truth_noise(int32_t variant, ptrdiff_t count, const double *value, const double *variance,
                    float *noise);
