#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"
#include "harness/host/services/service_host.h"
#include "harness/host/services/tables.h"

namespace assay {
namespace {

constexpr int64_t kMaxBytes = int64_t{8} << 30;

assay_status* Make(assay_host* host, int32_t dtype, const int64_t* shape,
                   uint32_t rank, assay_tensor** out) {
  return Serve(host, "tensor.make", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(const DType type, ToDType(dtype));
    ASSAY_ASSIGN_OR_RETURN(Shape extents, ToShape(shape, rank));
    if (ElementCount(extents) > kMaxBytes / SizeOf(type)) {
      return absl::ResourceExhaustedError(
          absl::StrCat("tensor.make: ", ToString(extents), " is above ",
                       kMaxBytes, " bytes"));
    }
    *out = host->handles().Add(std::make_unique<assay_tensor>(
        Tensor::Zeros(type, std::move(extents))));
    return absl::OkStatus();
  });
}

assay_status* Copy(assay_host* host, const DLTensor* source,
                   assay_tensor** out) {
  return Serve(host, "tensor.copy", [&]() -> absl::Status {
    if (source == nullptr) {
      return absl::InvalidArgumentError("tensor.copy: the source is null");
    }
    ASSAY_ASSIGN_OR_RETURN(Tensor tensor, CopyDl(*source));
    *out =
        host->handles().Add(std::make_unique<assay_tensor>(std::move(tensor)));
    return absl::OkStatus();
  });
}

// Shape and strides are lent by the handle.
DLTensor ToDlTensor(assay_tensor* t) {
  DLTensor dl{};
  dl.data = t->tensor.raw();
  dl.device = {kDLCPU, 0};
  dl.ndim = static_cast<int32_t>(t->tensor.rank());
  dl.dtype = ToDl(t->tensor.dtype());
  dl.shape = const_cast<int64_t*>(t->tensor.shape().data());
  dl.strides = t->strides.data();
  return dl;
}

assay_status* View_(assay_host* host, const assay_tensor* tensor,
                    uint32_t access, DLTensor* out) {
  return Serve(host, "tensor.view", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * t,
                           host->handles().Find(tensor, "tensor.view"));
    if ((access & ASSAY_WRITE) != 0 && !t->writable) {
      return absl::PermissionDeniedError(
          "tensor.view: the tensor is lent for reading");
    }
    ++t->views;
    *out = ToDlTensor(t);
    return absl::OkStatus();
  });
}

void Unview(assay_host* host, const assay_tensor* tensor) {
  const auto t = host->handles().Find(tensor, "tensor.unview");
  if (!t.ok() || (*t)->views == 0) {
    host->sink().Misbehaviour("tensor.unview: without a view");
    return;
  }
  --(*t)->views;
}

// What a shared tensor keeps alive.
struct Shared {
  DLManagedTensorVersioned managed;
  Tensor tensor;
  Shape shape;
  std::vector<int64_t> strides;
};

assay_status* Share(assay_host* host, const assay_tensor* tensor,
                    DLManagedTensorVersioned** out) {
  return Serve(host, "tensor.share", [&]() -> absl::Status {
    ASSAY_ASSIGN_OR_RETURN(assay_tensor * t,
                           host->handles().Find(tensor, "tensor.share"));
    auto shared = std::make_unique<Shared>();
    shared->tensor = t->tensor;
    shared->shape = t->tensor.shape();
    shared->strides = t->strides;
    DLManagedTensorVersioned& m = shared->managed;
    m.version = {DLPACK_MAJOR_VERSION, DLPACK_MINOR_VERSION};
    m.manager_ctx = shared.get();
    m.deleter = [](DLManagedTensorVersioned* self) {
      delete static_cast<Shared*>(self->manager_ctx);
    };
    m.flags = t->writable && !t->lent ? 0 : DLPACK_FLAG_BITMASK_READ_ONLY;
    m.dl_tensor = ToDlTensor(t);
    m.dl_tensor.shape = shared->shape.data();
    m.dl_tensor.strides = shared->strides.data();
    *out = &shared.release()->managed;
    return absl::OkStatus();
  });
}

void Free(assay_host* host, assay_tensor* tensor) {
  const absl::Status status = host->handles().Free(tensor, "tensor.free");
  if (!status.ok()) host->sink().Misbehaviour(status.message());
}

}  // namespace

const assay_tensor_table* TensorTable() {
  static constexpr assay_tensor_table kTable = {ASSAY_SIZE(assay_tensor_table),
                                                1,
                                                &Make,
                                                &Copy,
                                                &View_,
                                                &Unview,
                                                &Share,
                                                &Free};
  return &kTable;
}

}  // namespace assay
