// The team: threads that sleep until a call has work for them.
//
// A stage and the number of its next strip lie in one atomic number, so whoever comes late claims
// from the stage that is running, and nobody waits for a thread that has not come.
#include "team.h"
#include "tp_forward.h"
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>

/// Looks at the next stage before a thread lets others run, and turns of that before it sleeps.
#define LOOKS 64
#define TURNS 64

static pthread_mutex_t caller = PTHREAD_MUTEX_INITIALIZER;
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t wake = PTHREAD_COND_INITIALIZER;

// Under `lock`: the helpers that exist, those that sleep, the work that is open to them and the
// members that it has.
static int helpers, open, members, wanted;

/// Counts calls, so that a helper that looks without the lock sees a new one.
static atomic_int calls;
/// Helpers that have not left the work.
static atomic_int inside;
/// Stage in the upper half, next strip in the lower one.
static _Atomic uint64_t next;
/// Strips of the stage that are done.
static _Atomic ptrdiff_t done;

static struct {
  ptrdiff_t count;
  ptrdiff_t (*strips)(const void *, ptrdiff_t);
  void (*run)(const void *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t);
  const void *work;
} job;

static void rest(int *looks) {
  if (++*looks % LOOKS == 0) {
    sched_yield();
  } else {
#if defined(__x86_64__)
    __builtin_ia32_pause();
#elif defined(__aarch64__)
    __asm__ volatile("yield");
#endif
  }
}

/// Runs strips of the current stage until none is left.
static void work_on(ptrdiff_t stage, ptrdiff_t member) {
  const ptrdiff_t strips = job.strips(job.work, stage);
  ptrdiff_t before = -2;
  for (;;) {
    uint64_t at = atomic_load_explicit(&next, memory_order_acquire);
    if ((ptrdiff_t)(at >> 32) != stage || (ptrdiff_t)(uint32_t)at >= strips) return;
    if (!atomic_compare_exchange_weak_explicit(&next, &at, at + 1, memory_order_acq_rel,
                                               memory_order_relaxed))
      continue;
    const ptrdiff_t strip = (ptrdiff_t)(uint32_t)at;
    job.run(job.work, stage, strip, before, member);
    before = strip;
    atomic_fetch_add_explicit(&done, 1, memory_order_release);
  }
}

static void help(ptrdiff_t member) {
  int looks = 0;
  for (;;) {
    const ptrdiff_t stage = (ptrdiff_t)(atomic_load_explicit(&next, memory_order_acquire) >> 32);
    if (stage >= job.count) return;
    work_on(stage, member);
    rest(&looks);
  }
}

static void *helper(void *unused) {
  (void)unused;
  int seen = 0;
  pthread_mutex_lock(&lock);
  for (;;) {
    if (open && members < wanted && seen != atomic_load(&calls)) {
      const ptrdiff_t member = members++;
      seen = atomic_load(&calls);
      atomic_fetch_add(&inside, 1);
      pthread_mutex_unlock(&lock);
      help(member);
      atomic_fetch_sub_explicit(&inside, 1, memory_order_release);
      // The next call often comes at once.
      for (int looks = 0; looks < LOOKS * TURNS && atomic_load(&calls) == seen;) rest(&looks);
      pthread_mutex_lock(&lock);
    } else {
      pthread_cond_wait(&wake, &lock);
    }
  }
}

/// Makes helpers until there are so many; fewer where the system refuses.
static void gather(int count) {
  pthread_attr_t detached;
  if (helpers >= count || pthread_attr_init(&detached) != 0) return;
  pthread_attr_setdetachstate(&detached, PTHREAD_CREATE_DETACHED);
  pthread_t thread;
  while (helpers < count && pthread_create(&thread, &detached, helper, NULL) == 0) helpers++;
  pthread_attr_destroy(&detached);
}

void tp_together(ptrdiff_t threads, ptrdiff_t count,
                 ptrdiff_t (*strips)(const void *, ptrdiff_t),
                 void (*run)(const void *, ptrdiff_t, ptrdiff_t, ptrdiff_t, ptrdiff_t),
                 const void *work) {
  if (threads > TP_MOST_THREADS) threads = TP_MOST_THREADS;
  if (threads < 2 || pthread_mutex_trylock(&caller) != 0) {
    for (ptrdiff_t stage = 0; stage < count; stage++) {
      const ptrdiff_t all = strips(work, stage);
      for (ptrdiff_t strip = 0; strip < all; strip++) run(work, stage, strip, strip - 1, 0);
    }
    return;
  }
  pthread_mutex_lock(&lock);
  gather((int)threads - 1);
  job.count = count, job.strips = strips, job.run = run, job.work = work;
  atomic_store(&next, 0);
  atomic_store(&done, 0);
  open = 1, members = 1, wanted = (int)threads;
  atomic_fetch_add(&calls, 1);
  pthread_cond_broadcast(&wake);
  pthread_mutex_unlock(&lock);
  for (ptrdiff_t stage = 0; stage < count; stage++) {
    work_on(stage, 0);
    const ptrdiff_t all = strips(work, stage);
    int looks = 0;
    while (atomic_load_explicit(&done, memory_order_acquire) < all) rest(&looks);
    atomic_store_explicit(&done, 0, memory_order_relaxed);
    atomic_store_explicit(&next, (uint64_t)(stage + 1) << 32, memory_order_release);
  }
  pthread_mutex_lock(&lock);
  open = 0;
  pthread_mutex_unlock(&lock);
  int looks = 0;
  while (atomic_load_explicit(&inside, memory_order_acquire) > 0) rest(&looks);
  pthread_mutex_unlock(&caller);
}
