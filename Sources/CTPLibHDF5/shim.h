#pragma once
#include <hdf5.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

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
TP_H5_VALUE(size_t, variable_size, H5T_VARIABLE)
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
