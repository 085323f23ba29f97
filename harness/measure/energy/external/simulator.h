// A meter for tests: answers the protocol with the energy of a constant power.
#ifndef ASSAY_HARNESS_MEASURE_ENERGY_EXTERNAL_SIMULATOR_H_
#define ASSAY_HARNESS_MEASURE_ENERGY_EXTERNAL_SIMULATOR_H_

#include <atomic>
#include <string>
#include <thread>

#include "absl/time/clock.h"
#include "absl/time/time.h"

namespace assay {

struct SimulatorOptions {
  std::string introduction =
      "METER scope=wall resolution_joules=0.001 instrument=simulator";
  // `joules` of every reading, one after the other; the last one stays.
  std::string readings = "10.0 12.5 12.5";
};

// Serves one host after the other until it is destroyed, over TCP on the local
// host or over a pseudo-terminal.
class MeterSimulator {
 public:
  enum class Line { kTcp, kSerial };
  MeterSimulator(Line line, SimulatorOptions options);
  ~MeterSimulator();
  MeterSimulator(const MeterSimulator&) = delete;
  MeterSimulator& operator=(const MeterSimulator&) = delete;

  // For MeterEnvironment::external.
  const std::string& address() const { return address_; }

 private:
  void Serve();
  void Talk(int fd);
  std::string Answer(const std::string& question);

  const Line line_;
  const SimulatorOptions options_;
  std::string address_;
  int listener_ = -1;  // or the master side of the terminal
  int slave_ = -1;     // kept open, so that the master never hangs up
  size_t next_ = 0;
  const absl::Time start_ = absl::Now();
  std::atomic<bool> done_{false};
  std::thread thread_;
};

}  // namespace assay

#endif  // ASSAY_HARNESS_MEASURE_ENERGY_EXTERNAL_SIMULATOR_H_
