#include "harness/models/fullsubnet/fullsubnet.h"

#include <cmath>
#include <vector>

#include "absl/status/status.h"
#include "absl/strings/str_cat.h"
#include "harness/models/compose/sequence.h"

namespace assay {
namespace {

using Ints = std::vector<int64_t>;

// Spectra are [N,F,T], sequences [N,T,D].
struct Network {
  LayerBuilder& net;
  int64_t bands = 0, frames = 0;  // of the input; frames with the look-ahead
  int64_t look_ahead = 0;

  GraphBuilder& b() { return net.b(); }

  ValueId Uniform(const std::string& name, Shape shape, int64_t fan) {
    return net.Parameter(name, std::move(shape), Initialiser::Kind::kUniform,
                         1 / std::sqrt(static_cast<double>(fan)));
  }

  ValueId Lstm(ValueId x, const std::string& path, int64_t hidden) {
    RecurrentWeights w;
    w.input = Uniform(path + ".input.weights", {4 * hidden, net.Extent(x, 2)},
                      hidden);
    w.bias = Uniform(path + ".input.bias", {4 * hidden}, hidden);
    w.recurrent =
        Uniform(path + ".recurrent.weights", {4 * hidden, hidden}, hidden);
    w.recurrent_bias = Uniform(path + ".recurrent.bias", {4 * hidden}, hidden);
    return assay::Lstm(b(), x, w).sequence;
  }

  ValueId Linear(ValueId x, const std::string& path, int64_t features) {
    const int64_t read = net.Extent(x, 2);
    const ValueId weights = Uniform(path + ".weights", {features, read}, read);
    const ValueId bias = Uniform(path + ".bias", {features}, read);
    return b().Op("linear", {x, weights, bias}, {}, path);
  }

  // Two LSTMs and a linear layer.
  ValueId Recurrent(ValueId x, const std::string& path, int64_t hidden1,
                    int64_t hidden2, int64_t features) {
    x = Lstm(x, path + ".lstm1", hidden1);
    x = Lstm(x, path + ".lstm2", hidden2);
    return Linear(x, path + ".linear", features);
  }

  // x over its mean, per sample.
  ValueId OverMean(ValueId x) {
    constexpr double kFloor = 1e-5;
    Ints axes;
    for (size_t i = 1; b().ok() && i < b().shape(x).size(); ++i) {
      axes.push_back(static_cast<int64_t>(i));
    }
    return b().Div(x, b().Offset(b().ReduceMean(x, axes, true), kFloor));
  }

  // The input with empty frames behind it, as [N,F,T].
  ValueId Magnitudes(const std::string& name, const SpectrogramOptions& input,
                     const ReferenceGraphOptions& options) {
    Shape shape = options.input.empty() ? Shape{1, input.bands, input.frames}
                                        : options.input;
    shape.insert(shape.begin(), options.batch);
    const ValueId features = b().Input("features", DType::kF32, shape);
    if (shape.size() != 4 || shape[1] != 1) {
      b().Fail(absl::InvalidArgumentError(absl::StrCat(
          name, ": expected features [1,F,T], got ", ToString(options.input))));
      return kNoValue;
    }
    bands = shape[2];
    look_ahead = input.look_ahead;
    frames = shape[3] + look_ahead;
    return b().Op(
        "pad", {b().Reshape(features, {0, bands, shape[3]})},
        {{"before", Ints{0, 0, 0}}, {"after", Ints{0, 0, look_ahead}}});
  }

  // [N,F,T] -> [N,F,2n+1,T]: each band with its n neighbours on both sides,
  // mirrored at the ends.
  ValueId Neighbourhoods(const std::string& name, ValueId x, int64_t n) {
    const int64_t extent = net.Extent(x, 1);
    if (b().ok() && (n < 0 || n >= extent)) {
      b().Fail(absl::InvalidArgumentError(
          absl::StrCat(name, ": expected fewer neighbours than the ", extent,
                       " bands, got ", n)));
      return kNoValue;
    }
    const auto last = static_cast<double>(extent - 1);
    const ValueId band = b().Reshape(net.Count(extent), {extent, 1});
    const ValueId offset =
        b().Offset(b().Reshape(net.Count(2 * n + 1), {1, 2 * n + 1}),
                   static_cast<double>(-n));
    const ValueId low = b().Op("abs", {b().Add(band, offset)});
    const ValueId beyond =
        b().Op("abs", {b().Offset(b().Op("neg", {low}), last)});
    const ValueId rows =
        b().Op("cast", {b().Offset(b().Op("neg", {beyond}), last)},
               {{"dtype", std::string("s32")}});
    return b().Op("gather", {x, rows}, {{"axis", int64_t{1}}});
  }

  // The shared model on the sequences of all bands: [N,F,D,T] ->
  // [N,F,T,features].
  ValueId SubBand(ValueId x, int64_t hidden, int64_t features) {
    const int64_t extent = net.Extent(x, 1), steps = net.Extent(x, 3);
    const int64_t read = net.Extent(x, 2);
    x = b().Reshape(b().Transpose(OverMean(x), {0, 1, 3, 2}),
                    {-1, steps, read});
    x = Recurrent(x, "sub", hidden, hidden, features);
    return b().Reshape(x, {-1, extent, steps, features});
  }

  ValueId Transposed(ValueId x) { return b().Transpose(x, {0, 2, 1}); }

  // [N,F,T] as one more of the channels D of [N,F,D,T].
  ValueId Join(ValueId neighbourhoods, ValueId x) {
    const ValueId one =
        b().Reshape(x, {0, net.Extent(x, 1), 1, net.Extent(x, 2)});
    return b().Op("concat", {neighbourhoods, one}, {{"axis", int64_t{2}}});
  }

  // The frames behind the look-ahead of [N,2,F,T].
  absl::StatusOr<ReferenceGraph> Finish(ValueId mask) {
    mask = b().Op(
        "slice", {mask},
        {{"starts", Ints{0, 0, 0, look_ahead}}, {"ends", Ints(4, kToTheEnd)}});
    return net.Finish(mask, "mask");
  }
};

// Of x [M,F,D,T]: the first frame, then means of `count` frames.
ValueId Shrink(LayerBuilder& net, ValueId x, int64_t count) {
  if (count == 1) return x;
  GraphBuilder& b = net.b();
  const auto cut = [&](int64_t start, int64_t end) {
    return b.Op("slice", {x},
                {{"starts", Ints{0, 0, 0, start}},
                 {"ends", Ints{kToTheEnd, kToTheEnd, kToTheEnd, end}}});
  };
  const int64_t rest = net.Extent(x, 3) - 1;
  const int64_t missing = (count - rest % count) % count;
  const ValueId means = b.Op("avg_pool", {cut(1, kToTheEnd)},
                             {{"kernel", Ints{1, count}},
                              {"strides", Ints{1, count}},
                              {"pads", Ints{0, 0, 0, missing}}});
  return b.Op("concat", {cut(0, 1), means}, {{"axis", int64_t{3}}});
}

// Each frame of x [N,F,T] `count` times, cut to `frames`.
ValueId Stretch(LayerBuilder& net, ValueId x, int64_t count, int64_t frames) {
  if (count == 1) return x;
  GraphBuilder& b = net.b();
  const int64_t bands = net.Extent(x, 1), steps = net.Extent(x, 2);
  const ValueId one = b.Reshape(x, {0, bands, steps, 1});
  const std::vector<ValueId> copies(static_cast<size_t>(count), one);
  x = b.Reshape(b.Op("concat", copies, {{"axis", int64_t{3}}}),
                {0, bands, steps * count});
  return b.Op("slice", {x},
              {{"starts", Ints{0, 0, 0}},
               {"ends", Ints{kToTheEnd, kToTheEnd, frames}}});
}

// f32 [mel_bands,bands]: triangles whose corners are equally far apart on HTK's
// mel scale, mel = 2595 log10(1 + hertz / 700), none normalised.
ValueId MelFilters(LayerBuilder& net, int64_t mel_bands, int64_t bands,
                   double sample_rate) {
  GraphBuilder& b = net.b();
  const double per_mel = std::log(10.0) / 2595;
  const double top = std::log1p(sample_rate / 2 / 700) / per_mel;
  const auto step = top / static_cast<double>(mel_bands + 1);
  const ValueId mel = b.Scale(net.Count(mel_bands + 2), step);
  const ValueId hertz =
      b.Scale(b.Offset(b.Op("exp", {b.Scale(mel, per_mel)}), -1), 700);
  const auto corner = [&](int64_t i) {
    return b.Reshape(b.Op("slice", {hertz},
                          {{"starts", Ints{i}}, {"ends", Ints{i + mel_bands}}}),
                     {mel_bands, 1});
  };
  const ValueId low = corner(0);
  const ValueId centre = corner(1);
  const ValueId high = corner(2);
  const ValueId at = b.Scale(b.Reshape(net.Count(bands), {1, bands}),
                             sample_rate / 2 / static_cast<double>(bands - 1));
  const ValueId rise = b.Div(b.Sub(at, low), b.Sub(centre, low));
  const ValueId fall = b.Div(b.Sub(high, at), b.Sub(high, centre));
  return net.Relu(b.Op("minimum", {rise, fall}));
}

}  // namespace

absl::StatusOr<ReferenceGraph> FullSubNet(
    const OpSet& ops, const FullSubNetOptions& fullsubnet,
    const ReferenceGraphOptions& options) {
  LayerBuilder net(fullsubnet.name, ops);
  Network network{net};
  const ValueId magnitudes =
      network.Magnitudes(fullsubnet.name, fullsubnet.input, options);
  ValueId x = network.Transposed(network.OverMean(magnitudes));
  x = net.Relu(network.Recurrent(x, "full", fullsubnet.full_hidden,
                                 fullsubnet.full_hidden, network.bands));
  x = network.Join(network.Neighbourhoods(fullsubnet.name, magnitudes,
                                          fullsubnet.neighbours),
                   network.Transposed(x));
  x = network.SubBand(x, fullsubnet.sub_hidden, 2);
  return network.Finish(net.b().Transpose(x, {0, 3, 1, 2}));
}

absl::StatusOr<ReferenceGraph> FastFullSubNet(
    const OpSet& ops, const FastFullSubNetOptions& fast,
    const ReferenceGraphOptions& options) {
  if (fast.shrink < 1 || fast.mel_bands < 1) {
    return absl::InvalidArgumentError(
        absl::StrCat(fast.name, ": expected shrink and mel bands from 1, got ",
                     fast.shrink, " and ", fast.mel_bands));
  }
  LayerBuilder net(fast.name, ops);
  Network network{net};
  GraphBuilder& b = net.b();
  const ValueId magnitudes = network.Magnitudes(fast.name, fast.input, options);
  const ValueId filters =
      MelFilters(net, fast.mel_bands, network.bands, fast.input.sample_rate);
  const ValueId mel =
      b.Op("linear", {network.Transposed(magnitudes), filters});  // [N,T,mel]
  const ValueId encoded = net.Relu(network.Recurrent(
      network.OverMean(mel), "encoder", fast.encoder_hidden[0],
      fast.encoder_hidden[1], fast.mel_bands));
  ValueId x =
      network.Join(network.Neighbourhoods(fast.name, network.Transposed(mel),
                                          fast.neighbours),
                   network.Transposed(encoded));
  x = net.Relu(
      network.SubBand(Shrink(net, x, fast.shrink), fast.sub_hidden, 1));
  x = b.Reshape(x, {0, fast.mel_bands, -1});
  x = network.Transposed(Stretch(net, x, fast.shrink, network.frames));
  x = b.Op("concat", {encoded, x}, {{"axis", int64_t{2}}});
  x = network.Recurrent(x, "decoder", fast.decoder_hidden[0],
                        fast.decoder_hidden[1], 2 * network.bands);
  x = b.Reshape(x, {0, network.frames, 2, network.bands});
  return network.Finish(b.Transpose(x, {0, 2, 3, 1}));
}

}  // namespace assay
