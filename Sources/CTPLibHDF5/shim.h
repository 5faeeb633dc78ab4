#pragma once
#if __has_include(<hdf5.h>)
#include <hdf5.h>
#else  // Debian's, where Package.swift links the archive and pkg-config is not asked
#include <hdf5/serial/hdf5.h>
#endif
#if H5_VERSION_GE(1, 13, 0)
#if __has_include(<H5FDdevelop.h>)
#include <H5FDdevelop.h>
#else
#include <hdf5/serial/H5FDdevelop.h>
#endif
#endif
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

// Swift imports neither macros that call functions (every H5T_* and H5P_* name) nor functions whose
// name is chosen by one (H5Oget_info, H5Literate): each gets a plain function here, and the
// differences between HDF5 1.10, 1.12, 1.14 and 2.0 stay in this file.

#define TP_H5_VALUE(type, name, value) \
  static inline type tp_h5_##name(void) { return (value); }

TP_H5_VALUE(hid_t, default_list, H5P_DEFAULT)
TP_H5_VALUE(hid_t, all, H5S_ALL)
TP_H5_VALUE(hid_t, file_access_class, H5P_FILE_ACCESS)
TP_H5_VALUE(hid_t, file_create_class, H5P_FILE_CREATE)
TP_H5_VALUE(hid_t, group_create_class, H5P_GROUP_CREATE)
TP_H5_VALUE(hid_t, dataset_create_class, H5P_DATASET_CREATE)
TP_H5_VALUE(hid_t, link_create_class, H5P_LINK_CREATE)
TP_H5_VALUE(hid_t, c_string, H5T_C_S1)
TP_H5_VALUE(hid_t, float32_le, H5T_IEEE_F32LE)
TP_H5_VALUE(hid_t, float64_le, H5T_IEEE_F64LE)
TP_H5_VALUE(hid_t, int8_le, H5T_STD_I8LE)
TP_H5_VALUE(hid_t, int16_le, H5T_STD_I16LE)
TP_H5_VALUE(hid_t, int32_le, H5T_STD_I32LE)
TP_H5_VALUE(hid_t, int64_le, H5T_STD_I64LE)
TP_H5_VALUE(hid_t, uint8_le, H5T_STD_U8LE)
TP_H5_VALUE(hid_t, uint16_le, H5T_STD_U16LE)
TP_H5_VALUE(hid_t, uint32_le, H5T_STD_U32LE)
TP_H5_VALUE(hid_t, uint64_le, H5T_STD_U64LE)
TP_H5_VALUE(unsigned, read_only, H5F_ACC_RDONLY)
TP_H5_VALUE(unsigned, truncate, H5F_ACC_TRUNC)
TP_H5_VALUE(unsigned, track_and_index, H5P_CRT_ORDER_TRACKED | H5P_CRT_ORDER_INDEXED)
#undef TP_H5_VALUE

/// No messages on stderr, no filters loaded from folders that the environment names.
static inline void tp_h5_quiet(void) {
  (void)H5Eset_auto2(H5E_DEFAULT, NULL, NULL);
  (void)H5PLset_loading_state(0);
}

/// What an object is, and an identity by which it is recognised under another name.
typedef struct {
  int type;  // H5O_TYPE_GROUP, H5O_TYPE_DATASET, ...
  uint64_t identity[3];
  uint64_t attributes;
} tp_h5_object;

static inline herr_t tp_h5_object_info(hid_t object, tp_h5_object *result) {
#if H5_VERSION_GE(1, 12, 0)
  H5O_info2_t info;
  if (H5Oget_info3(object, &info, H5O_INFO_BASIC | H5O_INFO_NUM_ATTRS) < 0) return -1;
  memcpy(result->identity, &info.token, 16);
#else
  H5O_info_t info;
  if (H5Oget_info2(object, &info, H5O_INFO_BASIC | H5O_INFO_NUM_ATTRS) < 0) return -1;
  result->identity[0] = info.addr;
  result->identity[1] = 0;
#endif
  result->identity[2] = info.fileno;
  result->type = (int)info.type;
  result->attributes = info.num_attrs;
  return 0;
}

/// Called for each link: its name, its type (H5L_TYPE_HARD, ...), the caller's context. 0 goes on.
typedef herr_t (*tp_h5_link_visitor)(const char *name, int type, void *context);

typedef struct {
  tp_h5_link_visitor visit;
  void *context;
} tp_h5_link_visit;

#if H5_VERSION_GE(1, 12, 0)
static herr_t tp_h5_link_step(hid_t group, const char *name, const H5L_info2_t *info, void *data) {
#else
static herr_t tp_h5_link_step(hid_t group, const char *name, const H5L_info_t *info, void *data) {
#endif
  tp_h5_link_visit *visit = (tp_h5_link_visit *)data;
  (void)group;
  return visit->visit(name, (int)info->type, visit->context);
}

/// The links of one group, by creation where the group keeps that order, else by name.
static inline herr_t tp_h5_links(
    hid_t group, bool by_creation, tp_h5_link_visitor visitor, void *context) {
  tp_h5_link_visit visit = {visitor, context};
  H5_index_t index = by_creation ? H5_INDEX_CRT_ORDER : H5_INDEX_NAME;
#if H5_VERSION_GE(1, 12, 0)
  return H5Literate2(group, index, H5_ITER_INC, NULL, tp_h5_link_step, &visit);
#else
  return H5Literate(group, index, H5_ITER_INC, NULL, tp_h5_link_step, &visit);
#endif
}

/// The files that a reader does not lock: one on a read-only or network file system opens, too.
static inline herr_t tp_h5_no_locking(hid_t access) {
#if H5_VERSION_GE(1, 12, 1) || (H5_VERSION_GE(1, 10, 7) && !H5_VERSION_GE(1, 12, 0))
  return H5Pset_file_locking(access, false, true);
#else
  (void)access;
  return 0;
#endif
}

/// Gives back what H5Dread or H5Aread allocated for texts of variable length.
static inline herr_t tp_h5_reclaim(hid_t type, hid_t space, void *buffer) {
#if H5_VERSION_GE(1, 12, 0)
  return H5Treclaim(type, space, H5P_DEFAULT, buffer);
#else
  return H5Dvlen_reclaim(type, space, H5P_DEFAULT, buffer);
#endif
}

static herr_t tp_h5_first_message(unsigned n, const H5E_error2_t *error, void *data) {
  (void)n;
  if (error->desc != NULL && error->desc[0] != 0) {
    snprintf((char *)data, 256, "%s", error->desc);
    return 1;
  }
  return 0;
}

/// The innermost message of the error stack, at most 255 bytes; empties the stack.
static inline void tp_h5_take_error(char message[256]) {
  message[0] = 0;
  (void)H5Ewalk2(H5E_DEFAULT, H5E_WALK_UPWARD, tp_h5_first_message, message);
  (void)H5Eclear2(H5E_DEFAULT);
}

// A file driver that writes to a descriptor of ours. libhdf5 1.10.8 crashes at the end of the process
// when one of its own drivers could not write (a full disk, for one): this one tells it of no
// failure, keeps the first, and its caller asks for that.

/// Where the driver writes, and what became of it.
typedef struct {
  int descriptor;
  int error;  // errno of the first failure, or 0
} tp_h5_sink;

typedef struct {
  H5FD_t base;  // must come first
  tp_h5_sink *sink;
  haddr_t allocated, end;
} tp_h5_output;

static H5FD_t *tp_h5_output_open(
    const char *name, unsigned flags, hid_t access, haddr_t largest) {
  (void)name;
  (void)flags;
  (void)largest;
  tp_h5_sink *const *sink = (tp_h5_sink *const *)H5Pget_driver_info(access);
  tp_h5_output *output = sink == NULL ? NULL : (tp_h5_output *)calloc(1, sizeof *output);
  if (output == NULL) return NULL;
  output->sink = *sink;
  return &output->base;
}

static herr_t tp_h5_output_close(H5FD_t *file) {
  free(file);
  return 0;
}

static int tp_h5_output_compare(const H5FD_t *a, const H5FD_t *b) {
  return a == b ? 0 : a < b ? -1 : 1;
}

static herr_t tp_h5_output_query(const H5FD_t *file, unsigned long *flags) {
  (void)file;
  if (flags != NULL) {
    *flags = H5FD_FEAT_AGGREGATE_METADATA | H5FD_FEAT_ACCUMULATE_METADATA | H5FD_FEAT_DATA_SIEVE |
             H5FD_FEAT_AGGREGATE_SMALLDATA | H5FD_FEAT_DEFAULT_VFD_COMPATIBLE;
  }
  return 0;
}

static haddr_t tp_h5_output_allocated(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const tp_h5_output *)file)->allocated;
}

static herr_t tp_h5_output_allocate(H5FD_t *file, H5FD_mem_t type, haddr_t end) {
  (void)type;
  ((tp_h5_output *)file)->allocated = end;
  return 0;
}

static haddr_t tp_h5_output_end(const H5FD_t *file, H5FD_mem_t type) {
  (void)type;
  return ((const tp_h5_output *)file)->end;
}

static herr_t tp_h5_output_read(
    H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t place, size_t count, void *buffer) {
  (void)type;
  (void)transfer;
  tp_h5_output *output = (tp_h5_output *)file;
  size_t done = 0;
  memset(buffer, 0, count);
  while (done < count) {
    ssize_t step = pread(
        output->sink->descriptor, (char *)buffer + done, count - done, (off_t)(place + done));
    if (step < 0 && errno == EINTR) continue;
    if (step < 0 && output->sink->error == 0) output->sink->error = errno;
    if (step <= 0) break;
    done += (size_t)step;
  }
  return 0;
}

static herr_t tp_h5_output_write(
    H5FD_t *file, H5FD_mem_t type, hid_t transfer, haddr_t place, size_t count,
    const void *buffer) {
  (void)type;
  (void)transfer;
  tp_h5_output *output = (tp_h5_output *)file;
  size_t done = 0;
  if (output->end < place + count) output->end = place + count;
  while (done < count && output->sink->error == 0) {
    // Linux writes at most 2,147,479,552 bytes at once.
    size_t most = count - done < ((size_t)1 << 30) ? count - done : (size_t)1 << 30;
    ssize_t step = pwrite(
        output->sink->descriptor, (const char *)buffer + done, most, (off_t)(place + done));
    if (step < 0 && errno == EINTR) continue;
    if (step < 0) output->sink->error = errno;
    if (step == 0) output->sink->error = EIO;
    if (step > 0) done += (size_t)step;
  }
  return 0;
}

static herr_t tp_h5_output_truncate(H5FD_t *file, hid_t transfer, hbool_t closing) {
  (void)transfer;
  (void)closing;
  tp_h5_output *output = (tp_h5_output *)file;
  if (output->end == output->allocated || output->sink->error != 0) return 0;
  while (ftruncate(output->sink->descriptor, (off_t)output->allocated) < 0) {
    if (errno == EINTR) continue;
    output->sink->error = errno;
    break;
  }
  output->end = output->allocated;
  return 0;
}

/// A driver that writes to the sink of its file access list; to be given back by H5FDunregister.
static inline hid_t tp_h5_output_driver(void) {
  static const H5FD_class_t driver = {
#ifdef H5FD_CLASS_VERSION
    .version = H5FD_CLASS_VERSION,
    .value = (H5FD_class_value_t)511,  // the last that needs no registration
#endif
    .name = "torchport",
    .maxaddr = (haddr_t)INT64_MAX,
    .fc_degree = H5F_CLOSE_WEAK,
    .fapl_size = sizeof(tp_h5_sink *),
    .open = tp_h5_output_open,
    .close = tp_h5_output_close,
    .cmp = tp_h5_output_compare,
    .query = tp_h5_output_query,
    .get_eoa = tp_h5_output_allocated,
    .set_eoa = tp_h5_output_allocate,
    .get_eof = tp_h5_output_end,
    .read = tp_h5_output_read,
    .write = tp_h5_output_write,
    .truncate = tp_h5_output_truncate,
    .fl_map = H5FD_FLMAP_DICHOTOMY,
  };
  return H5FDregister(&driver);
}

/// Writes through a driver of `tp_h5_output_driver`; the sink must live until the file is closed.
static inline herr_t tp_h5_write_to(hid_t access, hid_t driver, tp_h5_sink *sink) {
  return H5Pset_driver(access, driver, &sink);
}

/// Keeps every structure of an open file in memory until the file is closed: nothing that was written
/// is read again, so that a failed write can wait to be told of.
static inline herr_t tp_h5_keep_structures(hid_t access) {
  H5AC_cache_config_t config;
  config.version = H5AC__CURR_CACHE_CONFIG_VERSION;
  if (H5Pget_mdc_config(access, &config) < 0) return -1;
  config.evictions_enabled = false;
  config.incr_mode = H5C_incr__off;
  config.flash_incr_mode = H5C_flash_incr__off;
  config.decr_mode = H5C_decr__off;
  return H5Pset_mdc_config(access, &config);
}
