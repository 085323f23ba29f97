// What methods compute beside the network: truncated weights, times to search
// by.
#include "harness/host/services/probes/probe.h"

namespace assay {
namespace {

// Trained rank pruning: a linear layer becomes two of rank 2 through its
// singular values; the product of rank 4 is the layer again.
class LowRank final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    const sdk::Parameter head = run.graph().weights().back();
    ASSAY_ASSIGN_OR_RETURN(sdk::Parameters set, run.CloneParameters());
    ASSAY_ASSIGN_OR_RETURN(const auto values, set.Floats(head.name));
    sdk::Matrix a(head.shape[0], head.shape[1]);
    for (size_t i = 0; i < a.values.size(); ++i) {
      a.values[i] = static_cast<double>(values[i]);
    }
    const sdk::Linalg linalg = run.linalg();
    ASSAY_ASSIGN_OR_RETURN(const sdk::Svd svd, linalg.TakeSvd(a));
    double lost = 0, before = 0;
    for (const int64_t rank : {4, 2}) {
      ASSAY_ASSIGN_OR_RETURN(const double error, Error(a, svd, rank));
      if (rank == 4) before = error;
      lost = error;
    }
    ASSAY_PROBE(before < 1e-12, std::to_string(before));
    // Eckart, Young: what is lost is what the other singular values hold.
    const double held = svd.s[2] * svd.s[2] + svd.s[3] * svd.s[3];
    ASSAY_PROBE(Near(lost, held, 1e-9), std::to_string(lost));
    return Spectra(linalg, a, svd);
  }

 private:
  static sdk::StatusOr<double> Error(const sdk::Matrix& a, const sdk::Svd& svd,
                                     int64_t rank) {
    double error = 0;
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t j = 0; j < a.columns; ++j) {
        double sum = 0;
        for (int64_t k = 0; k < rank; ++k) {
          sum += svd.u(i, k) * svd.s[static_cast<size_t>(k)] * svd.v(j, k);
        }
        error += (a(i, j) - sum) * (a(i, j) - sum);
      }
    }
    return error;
  }

  // a a' has the squared singular values; its factors solve with it.
  static sdk::Status Spectra(const sdk::Linalg& linalg, const sdk::Matrix& a,
                             const sdk::Svd& svd) {
    sdk::Matrix gram(a.rows, a.rows);
    for (int64_t i = 0; i < a.rows; ++i) {
      for (int64_t j = 0; j < a.rows; ++j) {
        for (int64_t k = 0; k < a.columns; ++k) gram(i, j) += a(i, k) * a(j, k);
      }
    }
    ASSAY_ASSIGN_OR_RETURN(const sdk::Eigenpairs pairs, linalg.Eigen(gram));
    for (size_t k = 0; k < svd.s.size(); ++k) {
      ASSAY_PROBE(Near(pairs.values[k], svd.s[k] * svd.s[k], 1e-10),
                  std::to_string(pairs.values[k]));
    }
    ASSAY_ASSIGN_OR_RETURN(const sdk::Matrix l, linalg.Cholesky(gram));
    ASSAY_PROBE(Near(l(0, 0) * l(0, 0), gram(0, 0), 1e-12), "l l'");
    const sdk::Matrix ones(a.rows, 1,
                           std::vector<double>(static_cast<size_t>(a.rows), 1));
    ASSAY_ASSIGN_OR_RETURN(const sdk::Matrix x, linalg.Solve(gram, ones));
    for (const int32_t how : {ASSAY_SOLVE_POSITIVE, ASSAY_SOLVE_LEAST}) {
      ASSAY_ASSIGN_OR_RETURN(const sdk::Matrix y,
                             linalg.Solve(gram, ones, how));
      for (int64_t i = 0; i < a.rows; ++i) {
        ASSAY_PROBE(Near(x(i, 0), y(i, 0), 1e-6), std::to_string(how));
      }
    }
    return Refusals(linalg);
  }

  static sdk::Status Refusals(const sdk::Linalg& linalg) {
    const sdk::Matrix indefinite(2, 2, {1, 2, 2, 1});
    ASSAY_PROBE(linalg.Cholesky(indefinite).status().code() ==
                    sdk::Code::kFailedPrecondition,
                "an indefinite matrix has a factor");
    const sdk::Matrix nan(1, 1, {std::nan("")});
    ASSAY_PROBE(
        linalg.TakeSvd(nan).status().code() == sdk::Code::kInvalidArgument,
        "NaN has singular values");
    ASSAY_PROBE(linalg.TakeQr(sdk::Matrix(2, 3)).status().code() ==
                    sdk::Code::kInvalidArgument,
                "a wide matrix has a thin QR");
    ASSAY_PROBE(linalg.Solve(indefinite, indefinite, 9).status().code() ==
                    sdk::Code::kInvalidArgument,
                "there is a ninth way");
    return sdk::OkStatus();
  }
};

TEST(HostProbes, WeightsOfLowRank) {
  LowRank probe;
  RunProbe(probe);
}

// A hardware-aware search: the same network in two sizes of batch, timed in
// turns.
class Timed final : public sdk::Method {
 public:
  sdk::Status Apply(sdk::Run& run) override {
    sdk::LatencyOptions options;
    options.seconds = 0.01;
    options.threads = 1;
    ASSAY_ASSIGN_OR_RETURN(const sdk::Parameters set, run.CloneParameters());
    ASSAY_ASSIGN_OR_RETURN(
        const std::vector<sdk::Latency> times,
        run.Latencies({{run.graph(), set}, {run.graph(), set}}, options));
    ASSAY_PROBE(times.size() == 2, std::to_string(times.size()));
    ASSAY_PROBE(times[0].queries == times[1].queries, "not in turns");
    for (const sdk::Latency& time : times) {
      ASSAY_PROBE(time.median_ns > 0, std::to_string(time.median_ns));
    }
    return sdk::OkStatus();
  }
};

TEST(HostProbes, TimesToSearchBy) {
  Timed probe;
  RunProbe(probe);
}

}  // namespace
}  // namespace assay
