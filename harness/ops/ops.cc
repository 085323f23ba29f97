#include "harness/ops/ops.h"

#include <cstdio>
#include <cstdlib>

#include "harness/ops/attention/decoder_layer.h"
#include "harness/ops/attention/heads.h"
#include "harness/ops/conv/conv2d.h"
#include "harness/ops/conv/conv_transpose.h"
#include "harness/ops/custom/custom.h"
#include "harness/ops/elementwise/activation.h"
#include "harness/ops/elementwise/arithmetic.h"
#include "harness/ops/elementwise/select.h"
#include "harness/ops/elementwise/unary.h"
#include "harness/ops/fused/attention.h"
#include "harness/ops/fused/attention_backward.h"
#include "harness/ops/fused/fused.h"
#include "harness/ops/matmul/linear.h"
#include "harness/ops/matmul/linear_u4.h"
#include "harness/ops/matmul/matmul.h"
#include "harness/ops/norm/batch_norm.h"
#include "harness/ops/norm/row_norm.h"
#include "harness/ops/optimizer/optimizer.h"
#include "harness/ops/pool/avg_pool.h"
#include "harness/ops/pool/max_pool.h"
#include "harness/ops/quantize/group.h"
#include "harness/ops/quantize/lsq.h"
#include "harness/ops/quantize/quantize.h"
#include "harness/ops/random/random_uniform.h"
#include "harness/ops/reduce/reduce.h"
#include "harness/ops/reduce/scan.h"
#include "harness/ops/shape/along.h"
#include "harness/ops/shape/index.h"
#include "harness/ops/shape/layout.h"
#include "harness/ops/shape/reshape.h"
#include "harness/ops/softmax/cross_entropy.h"
#include "harness/ops/softmax/softmax.h"

namespace assay {
namespace {

// Adds the schema of row `name`, which must call itself so.
void AddRow(OpSet& ops, absl::string_view name, OpSchema schema) {
  if (schema.name != name) {
    std::fprintf(stderr, "ops.inc: row %.*s has the schema of '%s'\n",
                 static_cast<int>(name.size()), name.data(),
                 schema.name.c_str());
    std::abort();
  }
  ops.Add(std::move(schema));
}

}  // namespace

const OpSet& StandardOps() {
  static const OpSet* const ops = [] {
    auto* all = new OpSet;
#define ASSAY_OP(name, schema) AddRow(*all, #name, schema());
#include "harness/ops/ops.inc"
#undef ASSAY_OP
    return all;
  }();
  return *ops;
}

}  // namespace assay
