#include "harness/measure/energy/nvml/nvml.h"

#include <dlfcn.h>

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay::meters::nvml {
namespace {

using Device = void*;
using Return = int;  // nvmlReturn_t; 0 is success

// The functions that are used, by their names in nvml.h.
class Library {
 public:
  static absl::StatusOr<std::shared_ptr<Library>> Open(
      const std::string& path) {
    void* handle = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (handle == nullptr) {
      const char* why = dlerror();
      return absl::UnavailableError(why != nullptr ? why : path);
    }
    std::shared_ptr<Library> library(new Library(handle));
    ASSAY_RETURN_IF_ERROR(library->Resolve());
    ASSAY_RETURN_IF_ERROR(library->Check("nvmlInit_v2", library->init_()));
    library->initialised_ = true;
    return library;
  }

  ~Library() {
    if (initialised_) shutdown_();
    dlclose(handle_);
  }
  Library(const Library&) = delete;
  Library& operator=(const Library&) = delete;

  absl::StatusOr<unsigned> DeviceCount() const {
    unsigned count = 0;
    ASSAY_RETURN_IF_ERROR(
        Check("nvmlDeviceGetCount_v2", device_count_(&count)));
    return count;
  }

  absl::StatusOr<Device> DeviceAt(unsigned index) const {
    Device device = nullptr;
    ASSAY_RETURN_IF_ERROR(
        Check("nvmlDeviceGetHandleByIndex_v2", device_at_(index, &device)));
    return device;
  }

  absl::StatusOr<uint64_t> Millijoules(Device device) const {
    unsigned long long millijoules = 0;
    ASSAY_RETURN_IF_ERROR(Check("nvmlDeviceGetTotalEnergyConsumption",
                                energy_(device, &millijoules)));
    return millijoules;
  }

 private:
  explicit Library(void* handle) : handle_(handle) {}

  template <typename Function>
  absl::Status Find(const char* name, Function* function) {
    *function = reinterpret_cast<Function>(dlsym(handle_, name));
    if (*function != nullptr) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat("the driver's library has no ", name));
  }

  absl::Status Resolve() {
    ASSAY_RETURN_IF_ERROR(Find("nvmlInit_v2", &init_));
    ASSAY_RETURN_IF_ERROR(Find("nvmlShutdown", &shutdown_));
    ASSAY_RETURN_IF_ERROR(Find("nvmlErrorString", &error_text_));
    ASSAY_RETURN_IF_ERROR(Find("nvmlDeviceGetCount_v2", &device_count_));
    ASSAY_RETURN_IF_ERROR(Find("nvmlDeviceGetHandleByIndex_v2", &device_at_));
    return Find("nvmlDeviceGetTotalEnergyConsumption", &energy_);
  }

  absl::Status Check(const char* name, Return result) const {
    if (result == 0) return absl::OkStatus();
    return absl::UnavailableError(
        absl::StrCat(name, ": ", error_text_(result)));
  }

  void* handle_;
  bool initialised_ = false;
  Return (*init_)() = nullptr;
  Return (*shutdown_)() = nullptr;
  const char* (*error_text_)(Return) = nullptr;
  Return (*device_count_)(unsigned*) = nullptr;
  Return (*device_at_)(unsigned, Device*) = nullptr;
  Return (*energy_)(Device, unsigned long long*) = nullptr;
};

class Gpu final : public EnergyMeter {
 public:
  Gpu(std::shared_ptr<Library> library, Device device, unsigned index,
      uint64_t first)
      : library_(std::move(library)),
        device_(device),
        scope_(absl::StrCat("gpu-", index)),
        first_(first) {}

  const std::string& scope() const override { return scope_; }
  double resolution_joules() const override { return 1e-3; }
  double range_joules() const override { return 0.0; }
  int64_t wraps() const override { return 0; }

  absl::StatusOr<double> Joules() override {
    ASSAY_ASSIGN_OR_RETURN(const uint64_t now, library_->Millijoules(device_));
    if (now < first_) {
      return absl::UnavailableError(
          absl::StrCat(scope_, ": the counter fell from ", first_, " to ", now,
                       " mJ: was the driver loaded again?"));
    }
    return static_cast<double>(now - first_) * 1e-3;
  }

 private:
  std::shared_ptr<Library> library_;
  Device device_;
  std::string scope_;
  uint64_t first_;
};

absl::Status OpenAll(const std::string& path, MeterSource* source) {
  ASSAY_ASSIGN_OR_RETURN(const std::shared_ptr<Library> library,
                         Library::Open(path));
  ASSAY_ASSIGN_OR_RETURN(const unsigned count, library->DeviceCount());
  for (unsigned i = 0; i < count; ++i) {
    ASSAY_ASSIGN_OR_RETURN(const Device device, library->DeviceAt(i));
    ASSAY_ASSIGN_OR_RETURN(const uint64_t first, library->Millijoules(device));
    source->scopes.push_back(std::make_unique<Gpu>(library, device, i, first));
  }
  if (count == 0) return absl::UnavailableError("the driver shows no GPU");
  return absl::OkStatus();
}

}  // namespace

MeterSource Open(const MeterEnvironment& environment) {
  MeterSource source;
  source.meter = "nvml";
  source.help = "energy counter of each NVIDIA GPU";
  const absl::Status status = OpenAll(environment.nvml_library, &source);
  if (!status.ok()) {
    source.scopes.clear();
    source.unavailable = std::string(status.message());
  }
  return source;
}

}  // namespace assay::meters::nvml
