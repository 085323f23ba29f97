#include "datasets/shapes/shapes.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/types/span.h"
#include "datasets/array_dataset.h"
#include "datasets/data_files.h"
#include "datasets/shapes/outline.h"
#include "harness/core/random.h"
#include "harness/core/status_macros.h"

namespace assay::datasets::shapes {
namespace {

// Scales noise, occlusion and clutter together. The README says what a small
// network reaches at this value.
constexpr float kDifficulty = 1.3f;

constexpr uint64_t kSeed = 1;
constexpr float kTurn = 6.2831853f;
constexpr float kTilt = 0.35f;    // radians that an outline leans, at most
constexpr float kSpread = 0.12f;  // of a colour's channels around its level
constexpr int64_t kCounts[] = {6000, 1000, 2000};

struct Colour {
  float r = 0, g = 0, b = 0;
};

float Between(RandomStream& stream, float low, float high) {
  return low + (high - low) * stream.Uniform();
}

// A colour whose channels lie within `spread` of `level`.
Colour Near(float level, float spread, RandomStream& stream) {
  const auto channel = [&] { return level + Between(stream, -spread, spread); };
  const float r = channel(), g = channel();
  return {r, g, channel()};
}

// A square canvas with one plane for each channel.
class Canvas {
 public:
  Canvas(int64_t channels, int64_t extent)
      : channels_(channels),
        extent_(extent),
        pixels_(static_cast<size_t>(channels * extent * extent)) {}

  float extent() const { return static_cast<float>(extent_); }

  // Blends `colour` over each pixel by coverage(x, y) in [0, 1].
  template <typename Coverage>
  void Paint(const Colour& colour, const Coverage& coverage) {
    const float values[] = {colour.r, colour.g, colour.b};
    const int64_t plane = extent_ * extent_;
    for (int64_t y = 0; y < extent_; ++y) {
      for (int64_t x = 0; x < extent_; ++x) {
        const float alpha = coverage(static_cast<float>(x) + 0.5f,
                                     static_cast<float>(y) + 0.5f);
        if (alpha <= 0) continue;
        float* pixel = &pixels_[static_cast<size_t>(y * extent_ + x)];
        for (int64_t c = 0; c < channels_; ++c) {
          pixel[c * plane] += alpha * (values[c] - pixel[c * plane]);
        }
      }
    }
  }

  // Adds triangular noise of up to 2 `amplitude` and rounds to bytes.
  void Develop(float amplitude, RandomStream& stream, uint8_t* bytes) {
    for (float value : pixels_) {
      float noise = stream.Uniform();
      noise -= stream.Uniform();
      const float noisy = value + 2 * amplitude * noise;
      *bytes++ = static_cast<uint8_t>(
          std::lround(255 * std::clamp(noisy, 0.0f, 1.0f)));
    }
  }

 private:
  int64_t channels_, extent_;
  std::vector<float> pixels_;
};

// Coverage of a pixel whose centre has this signed distance to an edge.
float Coverage(float distance) { return std::clamp(0.5f - distance, 0.f, 1.f); }

struct Pose {
  float x, y, radius, angle, stretch;
};

void PaintOutline(int label, const Pose& pose, const Colour& colour,
                  Canvas* canvas) {
  const float cosine = std::cos(pose.angle), sine = std::sin(pose.angle);
  const float width = pose.radius * pose.stretch;
  const float height = pose.radius / pose.stretch;
  canvas->Paint(colour, [&](float x, float y) {
    const float dx = x - pose.x, dy = y - pose.y;
    const float u = (cosine * dx + sine * dy) / width;
    const float v = (cosine * dy - sine * dx) / height;
    return Coverage(SignedDistance(label, u, v) * std::min(width, height));
  });
}

// A bar through (x, y).
void PaintBar(float x, float y, float angle, float half_width,
              float half_length, const Colour& colour, Canvas* canvas) {
  const float cosine = std::cos(angle), sine = std::sin(angle);
  canvas->Paint(colour, [&](float px, float py) {
    const float along = cosine * (px - x) + sine * (py - y);
    const float across = cosine * (py - y) - sine * (px - x);
    return Coverage(
        std::max(std::abs(along) - half_length, std::abs(across) - half_width));
  });
}

// How bright the parts of one image are, in order: background, things that are
// not the outline, the outline.
struct Levels {
  float back, clutter, front;
};

Levels AnyLevels(RandomStream& stream) {
  Levels levels;
  levels.back = Between(stream, 0.15f, 0.4f);
  const float contrast = Between(stream, 0.2f, 0.45f);
  levels.front = levels.back + contrast;
  levels.clutter = levels.back + 0.4f * contrast * kDifficulty;
  return levels;
}

void PaintBackground(float level, RandomStream& stream, Canvas* canvas) {
  canvas->Paint(Near(level, kSpread, stream),
                [](float, float) { return 1.0f; });
  const float angle = Between(stream, 0, kTurn);
  const float dx = std::cos(angle) / canvas->extent();
  const float dy = std::sin(angle) / canvas->extent();
  canvas->Paint(Near(level, kSpread, stream), [&](float x, float y) {
    return std::clamp(0.5f + 0.5f * (dx * x + dy * y), 0.0f, 1.0f);
  });
}

void PaintClutter(float level, RandomStream& stream, Canvas* canvas) {
  const float extent = canvas->extent();
  for (uint64_t bars = 1 + stream.Below(3); bars > 0; --bars) {
    const float x = Between(stream, 0, extent), y = Between(stream, 0, extent);
    const float angle = Between(stream, 0, kTurn);
    const float half_length = Between(stream, 0.1f, 0.3f) * extent;
    const float half_width = Between(stream, 0.5f, 1.2f);
    PaintBar(x, y, angle, half_width, half_length, Near(level, kSpread, stream),
             canvas);
  }
}

// Hides part of the outline behind a bar off its centre.
void PaintOccluder(const Pose& pose, float level, RandomStream& stream,
                   Canvas* canvas) {
  const float angle = Between(stream, 0, kTurn);
  const float away = Between(stream, 0.3f, 1.0f) * pose.radius;
  const float half_width =
      Between(stream, 0.05f, 0.25f) * kDifficulty * pose.radius;
  const float tilt = Between(stream, 0, kTurn);
  PaintBar(pose.x + away * std::cos(angle), pose.y + away * std::sin(angle),
           tilt, half_width, 1.2f * pose.radius, Near(level, kSpread, stream),
           canvas);
}

Pose AnyPose(float extent, RandomStream& stream) {
  Pose pose;
  pose.radius = Between(stream, 0.24f, 0.4f) * extent;
  const float slack = std::min(0.5f * extent - pose.radius, 0.16f * extent);
  pose.x = 0.5f * extent + Between(stream, -slack, slack);
  pose.y = 0.5f * extent + Between(stream, -slack, slack);
  pose.angle = Between(stream, -kTilt, kTilt);
  pose.stretch = Between(stream, 0.87f, 1.15f);
  return pose;
}

// Draws one image of class `label` into [channels, extent, extent] bytes.
void Draw(int label, int64_t channels, int64_t extent, RandomStream& stream,
          uint8_t* bytes) {
  Canvas canvas(channels, extent);
  const Levels levels = AnyLevels(stream);
  const Pose pose = AnyPose(canvas.extent(), stream);
  PaintBackground(levels.back, stream, &canvas);
  PaintClutter(levels.clutter, stream, &canvas);
  PaintOutline(label, pose, Near(levels.front, kSpread, stream), &canvas);
  PaintOccluder(pose, levels.clutter, stream, &canvas);
  canvas.Develop(Between(stream, 0.02f, 0.12f) * kDifficulty, stream, bytes);
}

Rows Generate(Split split, int64_t channels, int64_t extent) {
  const int64_t count = kCounts[static_cast<size_t>(split)];
  auto pool = std::make_shared<Pool>(
      Pool{Tensor(DType::kU8, {count, channels, extent, extent}),
           Tensor(DType::kS32, {count})});
  RandomStream stream(kSeed, absl::StrCat("shapes/", Name(split)));
  uint8_t* bytes = pool->features.data<uint8_t>();
  for (int64_t i = 0; i < count; ++i) {
    const int label = static_cast<int>(i % kClasses);
    pool->labels.data<int32_t>()[i] = label;
    Draw(label, channels, extent, stream, bytes);
    bytes += channels * extent * extent;
  }
  return AllRows(std::move(pool));
}

absl::StatusOr<std::unique_ptr<Dataset>> Open(const DatasetArgs& args) {
  ASSAY_ASSIGN_OR_RETURN(
      const DatasetOptions options,
      ResolveOptions(Info().name, Info().options, args.options));
  const bool grey = options.at("colour") == "grey";
  const int64_t channels = grey ? 1 : 3, extent = grey ? 28 : 32;
  DatasetSpec spec;
  spec.name = Info().name;
  spec.domain = Info().domain;
  spec.form = Form::kImage;
  spec.sample_shape = {channels, extent, extent};
  spec.classes = kClasses;
  spec.class_names.assign(kClassNames.begin(), kClassNames.end());
  // Raise the revision whenever the images change.
  spec.fingerprint = Fingerprint(spec.name, options, {"revision 1"});
  std::array<Rows, 3> splits = GenerateSplits(
      [=](Split split) { return Generate(split, channels, extent); });
  MeasureChannels(splits[static_cast<size_t>(Split::kTrain)], &spec);
  return MakeArrayDataset(std::move(spec), std::move(splits));
}

DatasetInfo MakeInfo() {
  DatasetInfo info;
  info.name = "shapes";
  info.domain = Domain::kVision;
  info.summary = "generated images of ten outlines, embedded";
  info.licence = "same as this project";
  info.options = {{"colour",
                   "rgb",
                   "rgb: 3 x 32 x 32; grey: 1 x 28 x 28",
                   {"rgb", "grey"}}};
  info.open = Open;
  return info;
}

}  // namespace

const DatasetInfo& Info() {
  static const auto* const info = new DatasetInfo(MakeInfo());
  return *info;
}

}  // namespace assay::datasets::shapes
