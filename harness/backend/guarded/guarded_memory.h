// Memory that faults when the host touches it outside of device work.
#ifndef ASSAY_HARNESS_BACKEND_GUARDED_GUARDED_MEMORY_H_
#define ASSAY_HARNESS_BACKEND_GUARDED_GUARDED_MEMORY_H_

#include <cstdint>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

#include "absl/status/statusor.h"
#include "harness/backend/device.h"

namespace assay {

// Pages of its own without any permission, except while an OpenMemory holds
// them. Starts filled with 0xff bytes: NaN in every float type.
class GuardedBuffer final : public DeviceBuffer {
 public:
  // RESOURCE_EXHAUSTED with the size when the pages cannot be had.
  static absl::StatusOr<std::shared_ptr<GuardedBuffer>> Make(int64_t bytes);
  ~GuardedBuffer() override;

  int64_t bytes() const override { return bytes_; }
  void* address() const { return address_; }

 private:
  friend class OpenMemory;

  GuardedBuffer(void* address, size_t mapped, int64_t bytes)
      : address_(address), mapped_(mapped), bytes_(bytes) {}
  void Protect(int permissions);

  void* address_;
  size_t mapped_;
  int64_t bytes_;
};

// Opens buffers for its lifetime. One at a time in the process: device work of
// several streams does not overlap.
class OpenMemory {
 public:
  explicit OpenMemory(std::vector<std::shared_ptr<DeviceBuffer>> buffers);
  ~OpenMemory();
  OpenMemory(const OpenMemory&) = delete;
  OpenMemory& operator=(const OpenMemory&) = delete;

 private:
  std::lock_guard<std::mutex> lock_;
  std::set<std::shared_ptr<DeviceBuffer>> buffers_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_BACKEND_GUARDED_GUARDED_MEMORY_H_
