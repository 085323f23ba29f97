#include "harness/measure/energy/external/external.h"

#include <cmath>
#include <map>
#include <utility>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "absl/time/clock.h"
#include "absl/time/time.h"
#include "harness/core/status_macros.h"
#include "harness/measure/energy/external/line_channel.h"

namespace assay::meters::external {
namespace {

constexpr double kPatienceSeconds = 2.0;
// Clocks of quartz differ by far less; a meter that does has lost readings.
constexpr double kClockTolerance = 0.01;
constexpr double kClockSeconds = 10.0;

absl::Status Unexpected(absl::string_view expected, absl::string_view got) {
  return absl::UnavailableError(absl::StrCat("expected ", expected, ", got \"",
                                             got.substr(0, 200), "\""));
}

absl::StatusOr<double> NotNegative(
    const std::map<std::string, std::string>& keys, const std::string& key) {
  const auto found = keys.find(key);
  double value = 0.0;
  if (found == keys.end()) return 0.0;
  if (!absl::SimpleAtod(found->second, &value) || !std::isfinite(value) ||
      value < 0.0) {
    return Unexpected(absl::StrCat(key, "=NUMBER of 0 or more"), found->second);
  }
  return value;
}

struct Reading {
  double joules = 0.0, seconds = 0.0;
};

absl::StatusOr<Reading> Read(LineChannel& channel) {
  ASSAY_ASSIGN_OR_RETURN(const std::string line,
                         channel.Ask("READ", kPatienceSeconds));
  const std::vector<absl::string_view> words =
      absl::StrSplit(line, ' ', absl::SkipEmpty());
  Reading reading;
  if (words.size() != 3 || words[0] != "JOULES" ||
      !absl::SimpleAtod(words[1], &reading.joules) ||
      !absl::SimpleAtod(words[2], &reading.seconds) ||
      !std::isfinite(reading.joules) || !std::isfinite(reading.seconds)) {
    return Unexpected("JOULES TOTAL SECONDS", line);
  }
  return reading;
}

double HostSeconds() {
  return absl::ToDoubleSeconds(absl::Now() - absl::UnixEpoch());
}

class LineMeter final : public EnergyMeter {
 public:
  static absl::StatusOr<std::unique_ptr<LineMeter>> Open(
      const std::string& address) {
    std::unique_ptr<LineMeter> meter(new LineMeter);
    ASSAY_ASSIGN_OR_RETURN(meter->channel_, LineChannel::Open(address));
    ASSAY_ASSIGN_OR_RETURN(
        const std::string line,
        meter->channel_->Ask("HELLO assay-meter/1", kPatienceSeconds));
    ASSAY_RETURN_IF_ERROR(meter->Introduce(line));
    ASSAY_ASSIGN_OR_RETURN(meter->last_, Read(*meter->channel_));
    meter->first_seconds_ = meter->last_.seconds;
    meter->host_first_ = HostSeconds();
    return meter;
  }

  const std::string& scope() const override { return scope_; }
  double resolution_joules() const override { return resolution_; }
  double range_joules() const override { return range_; }
  int64_t wraps() const override { return wraps_; }
  const MeterCalibration* calibration() const override { return &calibration_; }
  void Rename(std::string scope) { scope_ = std::move(scope); }

  absl::StatusOr<double> Joules() override {
    ASSAY_ASSIGN_OR_RETURN(const Reading now, Read(*channel_));
    ASSAY_RETURN_IF_ERROR(CheckClock(now));
    double step = now.joules - last_.joules;
    if (step < 0.0) {
      if (range_ <= 0.0) {
        return absl::UnavailableError(absl::StrFormat(
            "%s: the total fell from %g to %g J: was the meter started again?",
            scope_, last_.joules, now.joules));
      }
      ++wraps_;
      step += range_;
    }
    last_ = now;
    total_ += step;
    return total_;
  }

 private:
  absl::Status Introduce(const std::string& line) {
    absl::string_view rest = line;
    if (!absl::ConsumePrefix(&rest, "METER ")) {
      return Unexpected("METER KEY=VALUE ...", line);
    }
    std::map<std::string, std::string> keys;
    for (const absl::string_view word :
         absl::StrSplit(rest, ' ', absl::SkipEmpty())) {
      const std::pair<std::string, std::string> pair =
          absl::StrSplit(word, absl::MaxSplits('=', 1));
      keys.insert(pair);
    }
    if (keys["scope"].empty() || keys.count("resolution_joules") == 0) {
      return Unexpected("scope and resolution_joules", line);
    }
    scope_ = keys["scope"];
    ASSAY_ASSIGN_OR_RETURN(resolution_, NotNegative(keys, "resolution_joules"));
    ASSAY_ASSIGN_OR_RETURN(range_, NotNegative(keys, "range_joules"));
    ASSAY_ASSIGN_OR_RETURN(calibration_.relative_uncertainty,
                           NotNegative(keys, "relative_uncertainty"));
    calibration_.instrument = keys["instrument"];
    calibration_.certificate = keys["certificate"];
    calibration_.date = keys["date"];
    return absl::OkStatus();
  }

  absl::Status CheckClock(const Reading& now) const {
    const double host = HostSeconds() - host_first_;
    const double meter = now.seconds - first_seconds_;
    if (host < kClockSeconds ||
        std::abs(meter - host) <= kClockTolerance * host) {
      return absl::OkStatus();
    }
    return absl::UnavailableError(absl::StrFormat(
        "%s: its clock: expected %.2f s since it was opened, got %.2f s",
        scope_, host, meter));
  }

  std::unique_ptr<LineChannel> channel_;
  std::string scope_;
  double resolution_ = 0.0, range_ = 0.0;
  MeterCalibration calibration_;
  Reading last_;
  double total_ = 0.0, first_seconds_ = 0.0, host_first_ = 0.0;
  int64_t wraps_ = 0;
};

}  // namespace

MeterSource Open(const MeterEnvironment& environment) {
  MeterSource source;
  source.meter = "external";
  source.help = "meters outside the machine, named by --meter";
  source.covers_machine = true;
  if (environment.external.empty()) source.unavailable = "none is named";
  std::map<std::string, int> seen;
  for (const std::string& address : environment.external) {
    auto meter = LineMeter::Open(address);
    if (!meter.ok()) {
      // One that was asked for and is missing must not go unnoticed.
      source.scopes.clear();
      source.unavailable = std::string(meter.status().message());
      return source;
    }
    const int number = ++seen[(*meter)->scope()];
    if (number > 1) {
      (*meter)->Rename(absl::StrCat((*meter)->scope(), "-", number));
    }
    source.scopes.push_back(*std::move(meter));
  }
  return source;
}

}  // namespace assay::meters::external
