#include "harness/measure/energy/rapl/rapl.h"

#include <utility>

#include "absl/status/status.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay::meters::rapl {
namespace {

constexpr char kFolder[] = "/sys/class/powercap";

class Zone final : public EnergyMeter {
 public:
  static absl::StatusOr<std::unique_ptr<EnergyMeter>> Open(
      const SystemFiles& files, const std::string& folder, std::string scope) {
    ASSAY_ASSIGN_OR_RETURN(const int64_t range,
                           files.Integer(folder + "/max_energy_range_uj"));
    ASSAY_ASSIGN_OR_RETURN(const int64_t first,
                           files.Integer(folder + "/energy_uj"));
    if (range <= 0) {
      return absl::UnavailableError(absl::StrCat(
          folder, "/max_energy_range_uj: expected more than 0, got ", range));
    }
    return std::unique_ptr<EnergyMeter>(
        new Zone(files, folder, std::move(scope), range, first));
  }

  const std::string& scope() const override { return scope_; }
  double resolution_joules() const override { return 1e-6; }
  double range_joules() const override {
    return static_cast<double>(range_) * 1e-6;
  }
  int64_t wraps() const override { return wraps_; }

  absl::StatusOr<double> Joules() override {
    ASSAY_ASSIGN_OR_RETURN(const int64_t now,
                           files_.Integer(folder_ + "/energy_uj"));
    if (now < last_) {
      ++wraps_;
      total_ += range_ - last_ + now;
    } else {
      total_ += now - last_;
    }
    last_ = now;
    return static_cast<double>(total_) * 1e-6;
  }

 private:
  Zone(SystemFiles files, std::string folder, std::string scope, int64_t range,
       int64_t first)
      : files_(std::move(files)),
        folder_(std::move(folder)),
        scope_(std::move(scope)),
        range_(range),
        last_(first) {}

  SystemFiles files_;
  std::string folder_, scope_;
  int64_t range_, last_;  // microjoules
  int64_t total_ = 0, wraps_ = 0;
};

size_t Colons(const std::string& name) {
  size_t count = 0;
  for (char c : name) count += c == ':' ? 1 : 0;
  return count;
}

// "package-0" of intel-rapl:0, "package-0/dram" of intel-rapl:0:1; empty for
// zones that another one covers.
std::string ScopeOf(const SystemFiles& files, const std::string& zone) {
  const auto name = files.Text(absl::StrCat(kFolder, "/", zone, "/name"));
  if (!name.ok()) return "";
  if (Colons(zone) == 1) return *name;
  if (*name != "dram") return "";
  const auto parent = files.Text(
      absl::StrCat(kFolder, "/", zone.substr(0, zone.rfind(':')), "/name"));
  return absl::StrCat(parent.ok() ? *parent : zone, "/dram");
}

}  // namespace

MeterSource Open(const MeterEnvironment& environment) {
  const SystemFiles& files = environment.files;
  MeterSource source;
  source.meter = "rapl";
  source.help = "CPU package and DRAM counters through powercap";
  absl::Status problem;
  for (const std::string& zone : files.Names(kFolder)) {
    if (!absl::StartsWith(zone, "intel-rapl:")) continue;
    const std::string scope = ScopeOf(files, zone);
    if (scope.empty()) continue;
    auto meter = Zone::Open(files, absl::StrCat(kFolder, "/", zone), scope);
    if (meter.ok()) {
      source.scopes.push_back(*std::move(meter));
    } else {
      problem.Update(meter.status());
    }
  }
  if (!source.scopes.empty()) return source;
  source.unavailable =
      problem.ok()
          ? absl::StrCat("no intel-rapl zone in ", kFolder,
                         ": the kernel, or the hypervisor, shows no counter")
          : absl::StrCat(problem.message(),
                         " (energy_uj is for root only unless its mode is "
                         "changed)");
  return source;
}

}  // namespace assay::meters::rapl
