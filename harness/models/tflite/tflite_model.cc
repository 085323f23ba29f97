#include "harness/models/tflite/tflite_model.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/core/status_macros.h"

namespace assay {
namespace {

constexpr uint32_t kVersion = 3;

absl::Status Bad(absl::string_view what) {
  return absl::InvalidArgumentError(what);
}

// Bytes of an element; 0 for types whose elements nobody reads.
int64_t ElementBytes(TfliteType type) {
  switch (type) {
    case TfliteType::kInt8:
      return 1;
    case TfliteType::kFloat32:
    case TfliteType::kInt32:
      return 4;
  }
  return 0;
}

class Reader {
 public:
  explicit Reader(FlatBuffer* file) : file_(*file) {}

  absl::StatusOr<TfliteModel> Read() {
    const FlatTable root = file_.Root();
    const uint32_t version = file_.Scalar<uint32_t>(root, 0, 0);
    const std::vector<FlatTable> codes = file_.Tables(root, 1);
    const std::vector<FlatTable> subgraphs = file_.Tables(root, 2);
    const std::vector<FlatTable> buffers = file_.Tables(root, 4);
    ASSAY_RETURN_IF_ERROR(file_.status());
    if (version != kVersion) {
      return Bad(absl::StrCat("expected version 3, got ", version));
    }
    if (subgraphs.size() != 1) {
      return Bad(absl::StrCat("expected one subgraph, got ", subgraphs.size()));
    }
    for (const FlatTable& table : file_.Tables(subgraphs[0], 0)) {
      ASSAY_RETURN_IF_ERROR(ReadTensor(table, buffers));
    }
    for (const FlatTable& table : file_.Tables(subgraphs[0], 3)) {
      ASSAY_RETURN_IF_ERROR(ReadOperator(table, codes));
    }
    ASSAY_ASSIGN_OR_RETURN(model_.input, Only(subgraphs[0], 1, "input"));
    ASSAY_ASSIGN_OR_RETURN(model_.output, Only(subgraphs[0], 2, "output"));
    return std::move(model_);
  }

 private:
  bool Known(int32_t tensor) const {
    return tensor >= 0 && static_cast<size_t>(tensor) < model_.tensors.size();
  }

  absl::StatusOr<int32_t> Only(FlatTable subgraph, int field,
                               absl::string_view what) {
    const std::vector<int32_t> list = file_.Numbers<int32_t>(subgraph, field);
    ASSAY_RETURN_IF_ERROR(file_.status());
    if (list.size() != 1) {
      return Bad(absl::StrCat("expected one ", what, ", got ", list.size()));
    }
    if (!Known(list[0]))
      return Bad(absl::StrCat("the ", what, " is no tensor"));
    return list[0];
  }

  absl::Status ReadTensor(FlatTable table,
                          const std::vector<FlatTable>& buffers) {
    TfliteTensor tensor;
    for (const int32_t extent : file_.Numbers<int32_t>(table, 0)) {
      tensor.shape.push_back(extent);
    }
    tensor.type =
        static_cast<TfliteType>(file_.Scalar<int8_t>(table, 1, int8_t{0}));
    const uint32_t buffer = file_.Scalar<uint32_t>(table, 2, 0);
    if (buffer < buffers.size()) {
      tensor.data = file_.Bytes(buffers[buffer], 0);
    }
    tensor.name = std::string(file_.Bytes(table, 3));
    tensor.grid = ReadGrid(file_.Table(table, 4));
    const bool sparse = file_.Table(table, 6).at != 0;
    ASSAY_RETURN_IF_ERROR(file_.status());
    if (sparse) {
      return absl::UnimplementedError(
          absl::StrCat("tensor '", tensor.name, "' is sparse"));
    }
    ASSAY_RETURN_IF_ERROR(Check(tensor));
    model_.tensors.push_back(std::move(tensor));
    return absl::OkStatus();
  }

  TfliteGrid ReadGrid(FlatTable table) {
    return {file_.Numbers<float>(table, 2), file_.Numbers<int64_t>(table, 3),
            file_.Scalar<int32_t>(table, 6, 0)};
  }

  static absl::Status Check(const TfliteTensor& tensor) {
    const auto bad = [&](absl::string_view what) {
      return Bad(absl::StrCat("tensor '", tensor.name, "' ",
                              ToString(tensor.shape), ": ", what));
    };
    constexpr int64_t kMost = int64_t{1} << 40;
    int64_t elements = 1;
    for (const int64_t extent : tensor.shape) {
      if (extent < 1) return bad("expected extents of at least 1");
      if (elements > kMost / extent) return bad("too many elements");
      elements *= extent;
    }
    const int64_t bytes = elements * ElementBytes(tensor.type);
    if (!tensor.data.empty() && bytes > 0 &&
        bytes != static_cast<int64_t>(tensor.data.size())) {
      return bad(absl::StrCat("expected ", bytes, " bytes of data, got ",
                              tensor.data.size()));
    }
    const TfliteGrid& grid = tensor.grid;
    const auto rank = static_cast<int64_t>(tensor.shape.size());
    if (grid.scales.empty()) return absl::OkStatus();
    if (grid.zero_points.size() != grid.scales.size()) {
      return bad(absl::StrCat("expected as many zero points as scales, got ",
                              grid.zero_points.size(), " and ",
                              grid.scales.size()));
    }
    const auto slices = static_cast<int64_t>(grid.scales.size());
    if (slices > 1 &&
        (grid.axis < 0 || grid.axis >= rank ||
         tensor.shape[static_cast<size_t>(grid.axis)] != slices)) {
      return bad(absl::StrCat(slices, " scales along dimension ", grid.axis));
    }
    return absl::OkStatus();
  }

  absl::Status ReadOperator(FlatTable table,
                            const std::vector<FlatTable>& codes) {
    TfliteOperator op;
    const uint32_t code = file_.Scalar<uint32_t>(table, 0, 0);
    if (code < codes.size()) {
      // Old files hold a byte; newer ones an int beside it.
      op.code = std::max<int32_t>(file_.Scalar<int8_t>(codes[code], 0, 0),
                                  file_.Scalar<int32_t>(codes[code], 3, 0));
    }
    op.inputs = file_.Numbers<int32_t>(table, 1);
    const std::vector<int32_t> outputs = file_.Numbers<int32_t>(table, 2);
    op.options = file_.Table(table, 4);
    ASSAY_RETURN_IF_ERROR(file_.status());
    if (outputs.size() != 1 || op.inputs.empty()) {
      return Bad(absl::StrCat("operator ", op.code,
                              ": expected operands and one result"));
    }
    op.output = outputs[0];
    for (const int32_t tensor : op.inputs) {
      if (tensor != -1 && !Known(tensor)) {
        return Bad(absl::StrCat("operator ", op.code, ": no tensor ", tensor));
      }
    }
    if (!Known(op.output)) {
      return Bad(absl::StrCat("operator ", op.code, ": no such result"));
    }
    model_.operators.push_back(std::move(op));
    return absl::OkStatus();
  }

  FlatBuffer& file_;
  TfliteModel model_;
};

}  // namespace

bool IsTflite(absl::string_view bytes) {
  return bytes.size() >= 8 && bytes.substr(4, 4) == "TFL3";
}

absl::StatusOr<TfliteModel> ReadTfliteModel(FlatBuffer* file) {
  return Reader(file).Read();
}

}  // namespace assay
