#include "harness/backend/guarded/guarded_memory.h"

#include <sys/mman.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <iterator>

#include "absl/strings/str_cat.h"

namespace assay {
namespace {

std::mutex& DeviceMutex() {
  static auto* const mutex = new std::mutex;
  return *mutex;
}

}  // namespace

absl::StatusOr<std::shared_ptr<GuardedBuffer>> GuardedBuffer::Make(
    int64_t bytes) {
  const size_t page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  // At least one page, so that even an empty buffer has an address to guard.
  const size_t mapped = (static_cast<size_t>(bytes) / page + 1) * page;
  void* address = mmap(nullptr, mapped, PROT_READ | PROT_WRITE,
                       MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (address == MAP_FAILED) {
    return absl::ResourceExhaustedError(
        absl::StrCat("no memory for ", bytes, " bytes"));
  }
  std::memset(address, 0xff, static_cast<size_t>(bytes));
  std::shared_ptr<GuardedBuffer> buffer(
      new GuardedBuffer(address, mapped, bytes));
  buffer->Protect(PROT_NONE);
  return buffer;
}

GuardedBuffer::~GuardedBuffer() { munmap(address_, mapped_); }

void GuardedBuffer::Protect(int permissions) {
  if (mprotect(address_, mapped_, permissions) == 0) return;
  std::perror("GuardedBuffer: mprotect");
  std::abort();
}

OpenMemory::OpenMemory(std::vector<std::shared_ptr<DeviceBuffer>> buffers)
    : lock_(DeviceMutex()),
      buffers_(std::make_move_iterator(buffers.begin()),
               std::make_move_iterator(buffers.end())) {
  for (const auto& buffer : buffers_) {
    static_cast<GuardedBuffer&>(*buffer).Protect(PROT_READ | PROT_WRITE);
  }
}

OpenMemory::~OpenMemory() {
  for (const auto& buffer : buffers_) {
    static_cast<GuardedBuffer&>(*buffer).Protect(PROT_NONE);
  }
}

}  // namespace assay
