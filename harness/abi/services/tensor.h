/* assay.tensor/1: dense tensors, seen as DLPack. In revision 1 every tensor
 * that a module receives lies in host memory, row-major; read the device and
 * the strides all the same. */
#ifndef ASSAY_HARNESS_ABI_SERVICES_TENSOR_H_
#define ASSAY_HARNESS_ABI_SERVICES_TENSOR_H_

#include "../base.h"

#ifdef __cplusplus
extern "C" {
#endif

#define ASSAY_TENSOR_ID "assay.tensor/1"

/* How a view is used. */
enum { ASSAY_READ = 1, ASSAY_WRITE = 2 };

typedef struct assay_tensor_table {
  uint32_t size;
  uint32_t revision;

  /* Zeros. The tensor is given (free). [main, hook] for all functions. */
  assay_status* (*make)(assay_host* host, int32_t dtype, const int64_t* shape,
                        uint32_t rank, assay_tensor** out);

  /* A given copy of borrowed host memory with any strides. */
  assay_status* (*copy)(assay_host* host, const DLTensor* source,
                        assay_tensor** out);

  /* The elements of a tensor; `access` is READ, WRITE or both.
   * PERMISSION_DENIED for WRITE on a tensor that is lent for reading. Shape,
   * strides and data are lent until unview; views nest. */
  assay_status* (*view)(assay_host* host, const assay_tensor* tensor,
                        uint32_t access, DLTensor* out);
  void (*unview)(assay_host* host, const assay_tensor* tensor);

  /* The same memory under shared ownership, for other DLPack consumers. Given:
   * call its deleter. Read-only unless the tensor is the module's own. */
  assay_status* (*share)(assay_host* host, const assay_tensor* tensor,
                         DLManagedTensorVersioned** out);

  /* Releases a given tensor; lent ones are left alone and logged. */
  void (*free)(assay_host* host, assay_tensor* tensor);
} assay_tensor_table;

#ifdef __cplusplus
}
#endif

#endif /* ASSAY_HARNESS_ABI_SERVICES_TENSOR_H_ */
