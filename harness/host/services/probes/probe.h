// A probe is a small method that uses a service in the shape in which methods
// will, on a network whose answer is known exactly. It runs over a tiny run,
// through the SDK alone.
#ifndef ASSAY_HARNESS_HOST_SERVICES_PROBES_PROBE_H_
#define ASSAY_HARNESS_HOST_SERVICES_PROBES_PROBE_H_

#include <cmath>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "gtest/gtest.h"
#include "harness/abi/sdk.h"
#include "harness/host/services/testing/tiny_run.h"

namespace assay {

// What the probe expected and got, as its status.
#define ASSAY_PROBE(condition, message)                                  \
  do {                                                                   \
    if (!(condition)) {                                                  \
      return ::assay::sdk::Status(::assay::sdk::Code::kInternal,         \
                                  std::string(__FILE__) + ":" +          \
                                      std::to_string(__LINE__) +         \
                                      ": " #condition ": " + (message)); \
    }                                                                    \
  } while (false)

inline bool Near(double a, double b, double tolerance) {
  return std::abs(a - b) <= tolerance * std::max(1.0, std::abs(b));
}

template <typename A, typename B>
bool SameBits(const A& a, const B& b) {
  return a.size() == b.size() &&
         std::memcmp(a.data(), b.data(), a.size() * sizeof(*a.data())) == 0;
}

// Whether two sets hold the same f32 tensors, to the bit; others by name only.
inline sdk::Status ExpectSameSets(const sdk::ParametersRef& a,
                                  const sdk::ParametersRef& b) {
  ASSAY_PROBE(a.names() == b.names(), "other names");
  for (const std::string& name : a.names()) {
    ASSAY_ASSIGN_OR_RETURN(const sdk::View x, a.Get(name));
    ASSAY_ASSIGN_OR_RETURN(const sdk::View y, b.Get(name));
    if (x.dl().dtype.code != kDLFloat || x.dl().dtype.bits != 32) continue;
    ASSAY_PROBE(SameBits(x.values<float>(), y.values<float>()), name);
  }
  return sdk::OkStatus();
}

// A set with one f32 tensor more.
inline sdk::Status Put(sdk::Parameters* set, const std::string& name,
                       const sdk::Shape& shape,
                       const std::vector<float>& values) {
  return set->Set(name, sdk::Span<const int64_t>(shape),
                  sdk::Span<const float>(values));
}

// Runs the probe as a method's run; nothing may be left behind or broken.
inline void RunProbe(sdk::Method& probe, TinyRunOptions options = {}) {
  TinyRun tiny(std::move(options));
  tiny.Enter();
  const int64_t before = tiny.host()->handles().given();
  {
    sdk::Run run(tiny.host(), TinyRun::find(), sdk::Config());
    const sdk::Status status = probe.Apply(run);
    EXPECT_TRUE(status.ok()) << status.message();
  }
  EXPECT_TRUE(tiny.sink().misbehaviours.empty())
      << tiny.sink().misbehaviours.front();
  EXPECT_EQ(tiny.host()->handles().given(), before);
}

}  // namespace assay

#endif  // ASSAY_HARNESS_HOST_SERVICES_PROBES_PROBE_H_
