#include "harness/measure/energy/rapl_perf/rapl_perf.h"

#include <linux/perf_event.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <cmath>
#include <cstring>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "harness/core/status_macros.h"

namespace assay::meters::rapl_perf {
namespace {

constexpr char kFolder[] = "/sys/bus/event_source/devices/power";

// A descriptor that lives as long as its readers.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_(fd) {}
  ~Descriptor() { close(fd_); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }

 private:
  const int fd_;
};

absl::StatusOr<PerfReader> OpenInKernel(uint32_t type, uint64_t config,
                                        int cpu) {
  perf_event_attr attributes = {};
  attributes.size = sizeof(attributes);
  attributes.type = type;
  attributes.config = config;
  const long fd = syscall(SYS_perf_event_open, &attributes, -1, cpu, -1,
                          PERF_FLAG_FD_CLOEXEC);
  if (fd < 0) {
    return absl::UnavailableError(absl::StrCat(
        "perf_event_open on CPU ", cpu, ": ", std::strerror(errno),
        " (needs CAP_PERFMON or kernel.perf_event_paranoid <= 0)"));
  }
  auto descriptor = std::make_shared<Descriptor>(static_cast<int>(fd));
  return PerfReader([descriptor]() -> absl::StatusOr<uint64_t> {
    uint64_t value = 0;
    if (read(descriptor->get(), &value, sizeof(value)) == sizeof(value)) {
      return value;
    }
    return absl::UnavailableError(
        absl::StrCat("reading a perf counter: ", std::strerror(errno)));
  });
}

class PerfMeter final : public EnergyMeter {
 public:
  PerfMeter(PerfReader reader, std::string scope, double scale, uint64_t first)
      : reader_(std::move(reader)),
        scope_(std::move(scope)),
        scale_(scale),
        first_(first) {}
  const std::string& scope() const override { return scope_; }
  double resolution_joules() const override { return scale_; }
  double range_joules() const override { return 0.0; }
  int64_t wraps() const override { return 0; }
  absl::StatusOr<double> Joules() override {
    ASSAY_ASSIGN_OR_RETURN(const uint64_t now, reader_());
    if (now < first_) {
      return absl::UnavailableError(absl::StrCat(
          scope_, ": the counter fell from ", first_, " to ", now));
    }
    return static_cast<double>(now - first_) * scale_;
  }

 private:
  const PerfReader reader_;
  const std::string scope_;
  const double scale_;
  const uint64_t first_;
};

struct Event {
  const char* name;    // of the file
  const char* suffix;  // of the scope
};
// energy-cores and energy-gpu lie within the package.
constexpr Event kEvents[] = {{"energy-pkg", ""}, {"energy-ram", "/dram"}};

// "event=0x02".
absl::StatusOr<uint64_t> ConfigOf(const SystemFiles& files, const char* name) {
  const std::string path = absl::StrCat(kFolder, "/events/", name);
  ASSAY_ASSIGN_OR_RETURN(const std::string text, files.Text(path));
  absl::string_view digits = text;
  uint64_t config = 0;
  if (absl::ConsumePrefix(&digits, "event=0x") &&
      absl::SimpleHexAtoi(digits, &config)) {
    return config;
  }
  return absl::UnavailableError(
      absl::StrCat(path, ": expected event=0x.., got \"", text, "\""));
}

absl::StatusOr<double> ScaleOf(const SystemFiles& files, const char* name) {
  const std::string path = absl::StrCat(kFolder, "/events/", name);
  ASSAY_ASSIGN_OR_RETURN(const std::string unit, files.Text(path + ".unit"));
  ASSAY_ASSIGN_OR_RETURN(const std::string text, files.Text(path + ".scale"));
  double scale = 0.0;
  if (unit == "Joules" && absl::SimpleAtod(text, &scale) &&
      std::isfinite(scale) && scale > 0.0) {
    return scale;
  }
  return absl::UnavailableError(
      absl::StrCat(path, ": expected a scale in Joules, got \"", text,
                   "\" and \"", unit, "\""));
}

// One CPU of each package.
absl::StatusOr<std::vector<int>> CpusOf(const SystemFiles& files) {
  const std::string path = absl::StrCat(kFolder, "/cpumask");
  ASSAY_ASSIGN_OR_RETURN(const std::string text, files.Text(path));
  std::vector<int> cpus;
  for (const absl::string_view word :
       absl::StrSplit(text, ',', absl::SkipWhitespace())) {
    if (!absl::SimpleAtoi(word, &cpus.emplace_back())) {
      return absl::UnavailableError(
          absl::StrCat(path, ": expected numbers, got \"", text, "\""));
    }
  }
  return cpus;
}

std::string PackageOf(const SystemFiles& files, int cpu, size_t place) {
  const auto package = files.Integer(absl::StrCat(
      "/sys/devices/system/cpu/cpu", cpu, "/topology/physical_package_id"));
  return absl::StrCat("package-",
                      package.ok() ? *package : static_cast<int64_t>(place));
}

absl::Status OpenAll(const MeterEnvironment& environment, MeterSource* source) {
  const SystemFiles& files = environment.files;
  if (!files.Exists(kFolder)) {
    return absl::UnavailableError(absl::StrCat(
        "no ", kFolder, ": the kernel, or the hypervisor, shows no counter"));
  }
  ASSAY_ASSIGN_OR_RETURN(const int64_t type,
                         files.Integer(absl::StrCat(kFolder, "/type")));
  ASSAY_ASSIGN_OR_RETURN(const std::vector<int> cpus, CpusOf(files));
  const PerfOpener open =
      environment.open_perf ? environment.open_perf : PerfOpener(OpenInKernel);
  for (size_t i = 0; i < cpus.size(); ++i) {
    for (const Event& event : kEvents) {
      if (!files.Exists(absl::StrCat(kFolder, "/events/", event.name))) {
        continue;
      }
      ASSAY_ASSIGN_OR_RETURN(const uint64_t config,
                             ConfigOf(files, event.name));
      ASSAY_ASSIGN_OR_RETURN(const double scale, ScaleOf(files, event.name));
      ASSAY_ASSIGN_OR_RETURN(
          const PerfReader reader,
          open(static_cast<uint32_t>(type), config, cpus[i]));
      ASSAY_ASSIGN_OR_RETURN(const uint64_t first, reader());
      source->scopes.push_back(std::make_unique<PerfMeter>(
          reader, absl::StrCat(PackageOf(files, cpus[i], i), event.suffix),
          scale, first));
    }
  }
  if (source->scopes.empty()) {
    return absl::UnavailableError(
        absl::StrCat(kFolder, " has no energy-pkg and no energy-ram"));
  }
  return absl::OkStatus();
}

}  // namespace

MeterSource Open(const MeterEnvironment& environment) {
  MeterSource source;
  source.meter = "rapl_perf";
  source.help = "CPU package and DRAM counters through perf";
  source.twin_of = "rapl";
  const absl::Status status = OpenAll(environment, &source);
  if (!status.ok()) {
    source.scopes.clear();
    source.unavailable = std::string(status.message());
  }
  return source;
}

}  // namespace assay::meters::rapl_perf
