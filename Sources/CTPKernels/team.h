#pragma once
// A few threads that help one call at a time.
#include <stddef.h>
#include <stdint.h>

/// Runs stages 0..<count one after the other. The strips of a stage may run at the same time, on
/// as many threads as have time for it, the calling one included; each is member `member` of at
/// most `threads`. A member runs the strips that it gets in rising order.
///
/// Where another call has the team, or a thread cannot be made, the caller does the work alone.
void tp_together(ptrdiff_t threads, ptrdiff_t count,
                 ptrdiff_t (*strips)(const void *work, ptrdiff_t stage),
                 void (*run)(const void *work, ptrdiff_t stage, ptrdiff_t strip, ptrdiff_t before,
                             ptrdiff_t member),
                 const void *work);
