/** Something that will happen at an instant; ties are broken by the order in which they were planned. */
export interface PlannedEvent {
  at: number;
  order: number;
  run: () => void;
  /** Nobody waits for it: no promise is settled by it. */
  isQuiet: boolean;
}

/** A heap of what is to come, the soonest first. */
export interface EventQueue {
  push(at: number, run: () => void, isQuiet: boolean): void;
  /** The soonest, if it comes by then. */
  popBy(until: number): PlannedEvent | undefined;
}

export const createEventQueue = (): EventQueue => {
  const heap: PlannedEvent[] = [];
  let planned = 0;

  const isBefore = (one: PlannedEvent, other: PlannedEvent): boolean =>
    one.at < other.at || (one.at === other.at && one.order < other.order);

  const rise = (from: number): void => {
    let index = from;
    while (index > 0) {
      const parent = (index - 1) >> 1;
      const [child, above] = [heap[index], heap[parent]];
      if (child === undefined || above === undefined || isBefore(above, child)) return;
      heap[index] = above;
      heap[parent] = child;
      index = parent;
    }
  };

  const sink = (): void => {
    let index = 0;
    for (;;) {
      let least = index;
      for (const child of [2 * index + 1, 2 * index + 2]) {
        const [below, known] = [heap[child], heap[least]];
        if (below !== undefined && known !== undefined && isBefore(below, known)) least = child;
      }
      const [one, other] = [heap[index], heap[least]];
      if (least === index || one === undefined || other === undefined) return;
      heap[index] = other;
      heap[least] = one;
      index = least;
    }
  };

  return {
    push(at, run, isQuiet) {
      planned += 1;
      heap.push({ at, order: planned, run, isQuiet });
      rise(heap.length - 1);
    },
    popBy(until) {
      const [first] = heap;
      if (first === undefined || first.at > until) return undefined;
      const last = heap.pop();
      if (last !== undefined && heap.length > 0) {
        heap[0] = last;
        sink();
      }
      return first;
    },
  };
};
