"use strict";
// Which ways samples took through networks with control flow.

const withPaths = (run) =>
  run.networks.filter((network) => network.cost.paths !== undefined);

function pathSection(run) {
  const networks = withPaths(run);
  return [pathCosts(networks), pathShares(networks)];
}

function pathCosts(networks) {
  const macs = (key) => (network) => quantity(network.cost.paths[key]);
  return table({
    caption: "MACs of a sample of the test split, by the path that it took.",
    rows: networks,
    columns: [
      { title: "Network", cell: networkName },
      { title: "Conditionals", number: true, cell: macs("conditionals") },
      { title: "Paths taken", number: true, cell: macs("distinct") },
      { title: "Least", number: true, cell: macs("least") },
      { title: "p5", number: true, cell: macs("p5") },
      { title: "Mean", number: true, cell: macs("mean") },
      { title: "p95", number: true, cell: macs("p95") },
      { title: "Most", number: true, cell: macs("most") },
    ],
  });
}

function pathShares(networks) {
  return table({
    caption: "How many samples took each path, the most frequent ones. 0+1− " +
      "is a path on which conditional 0 held and conditional 1 did not.",
    rows: networks.flatMap((network) =>
      network.cost.paths.taken.map(([path, share]) => ({
        network, path, share,
      }))),
    columns: [
      { title: "Network", cell: ({ network }) => networkName(network) },
      {
        title: "Path",
        wrap: true,
        cell: ({ path }) => path === ""
          ? "no conditional" : el("code", {}, path.replaceAll("-", "−")),
      },
      { title: "Share", number: true, cell: ({ share }) => percent(share) },
      {
        title: "",
        cell: ({ path, share }) => el("meter", {
          class: "meter",
          value: String(share),
          "aria-label": `share of path ${path}`,
        }),
      },
    ],
  });
}
