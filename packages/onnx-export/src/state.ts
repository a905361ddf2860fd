/** What a model keeps between runs: its state as outputs of a file, and what was there before put back after a trace. */
import {
  drawWatchers,
  formatShape,
  type Generator,
  type GeneratorState,
  type Graph,
  OnnxExportError,
  type Tensor,
  withoutGrad,
} from '@tenfold/tensor-core';

/** The `stateDict` name of a tensor: of itself, or of the parameter whose memory it shows. */
export function nameOfState(tensor: Tensor, names: ReadonlyMap<Tensor, string>): string | undefined {
  const known = names.get(tensor);
  if (known !== undefined) return known;
  for (const [other, name] of names) {
    const same = other.storage === tensor.storage && other.offset === tensor.offset;
    if (same && String(other.shape) === String(tensor.shape) && String(other.strides) === String(tensor.strides))
      return name;
  }
  return undefined;
}

/**
 * Makes the values of the tensors that a traced program has changed further outputs of its graph, in the order of `names`, and gives their names:
 * `<state name>_out`. What it changed of its arguments is not among them.
 *
 * @throws OnnxExportError for a changed tensor that has no name.
 */
export function writesAsOutputs(graph: Graph, names: ReadonlyMap<Tensor, string>): string[] {
  const given = new Set(graph.inputs.flatMap(({ kind, tensor }) => (kind === 'argument' ? [tensor] : [])));
  const order = [...names.values()];
  const changed = graph.writes
    .filter(({ tensor }) => !given.has(tensor))
    .map(({ tensor, value }) => {
      const name = nameOfState(tensor, names);
      if (name === undefined)
        throw new OnnxExportError(
          `forward changes a tensor of shape ${formatShape(tensor.shape)} in place that is no parameter or buffer of the model; register it as a buffer, so that its new value has a name`,
        );
      return { name, value };
    })
    .sort((a, b) => order.indexOf(a.name) - order.indexOf(b.name));
  graph.outputs.push(...changed.map(({ value }) => value));
  return changed.map(({ name }) => `${name}_out`);
}

/** Remembers the values of the state; the function that it gives puts them back. */
export function snapshot(names: ReadonlyMap<Tensor, string>): () => void {
  const copies = withoutGrad(() =>
    [...names.keys()].map((tensor) => ({
      tensor,
      copy: tensor.detach().clone(),
      version: tensor.versionCounter.value,
    })),
  );
  return () =>
    withoutGrad(() => {
      for (const { tensor, copy, version } of copies)
        if (tensor.versionCounter.value !== version) tensor.detach().copy_(copy);
    });
}

/** Runs `fn` and puts every generator that drew in it back to where it was: an export leaves no trace in a training run. */
export function restoringGenerators<T>(fn: () => T): T {
  const states = new Map<Generator, GeneratorState>();
  const watcher = (generator: Generator): void => {
    if (!states.has(generator)) states.set(generator, generator.getState());
  };
  drawWatchers.add(watcher);
  try {
    return fn();
  } finally {
    drawWatchers.delete(watcher);
    for (const [generator, state] of states) generator.setState(state);
  }
}
