// A library with the functions of NVML that the meter uses: two GPUs, whose
// counters grow by 500 and 250 mJ at each reading. ASSAY_FAKE_NVML=no_driver
// and =no_counter make it fail as the real one does.
#include <cstdlib>
#include <cstring>

namespace {

bool Mode(const char* mode) {
  const char* set = std::getenv("ASSAY_FAKE_NVML");
  return set != nullptr && std::strcmp(set, mode) == 0;
}

unsigned long long counters[2] = {100000, 200000};

}  // namespace

extern "C" {

__attribute__((visibility("default"))) int nvmlInit_v2() {
  return Mode("no_driver") ? 9 : 0;
}

__attribute__((visibility("default"))) int nvmlShutdown() { return 0; }

__attribute__((visibility("default"))) const char* nvmlErrorString(int error) {
  return error == 9 ? "Driver Not Loaded" : "Not Supported";
}

__attribute__((visibility("default"))) int nvmlDeviceGetCount_v2(
    unsigned* count) {
  *count = 2;
  return 0;
}

__attribute__((visibility("default"))) int nvmlDeviceGetHandleByIndex_v2(
    unsigned index, void** device) {
  *device = &counters[index];
  return 0;
}

__attribute__((visibility("default"))) int nvmlDeviceGetTotalEnergyConsumption(
    void* device, unsigned long long* millijoules) {
  if (Mode("no_counter")) return 3;
  auto* counter = static_cast<unsigned long long*>(device);
  *counter += counter == &counters[0] ? 500 : 250;
  *millijoules = *counter;
  return 0;
}

}  // extern "C"
