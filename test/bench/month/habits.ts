/**
 * How people use rented servers in a month: every number that the generator draws by. They are assumptions, made before
 * anything was measured with them, of an office that designs and reviews 3D models; none was fitted to a result.
 */
export const HABITS = {
  users: 200,
  /** Four weeks, from a Monday on. */
  days: 28,
  /** The share of users who come on a day, Monday first. */
  attendance: [0.7, 0.74, 0.74, 0.7, 0.58, 0.06, 0.04],
  /** Of those who come, how many by the hour in which they begin. */
  arrivals: { 6: 1, 7: 6, 8: 22, 9: 30, 10: 14, 11: 5, 12: 3, 13: 8, 14: 5, 15: 3, 16: 2, 19: 1 },
  /** From the first use to the last, pauses included: log-normal, cut at both ends. */
  spell: { medianMinutes: 300, spread: 0.55, leastMinutes: 20, mostMinutes: 660 },
  /** Whoever works through the middle of the day goes to lunch, mostly. */
  lunch: { share: 0.85, fromHour: 11.6, toHour: 13.2, minutes: [25, 65] },
  /** On average one in so many minutes of work. */
  meetings: { everyMinutes: 240, minutes: [15, 70] },
  /** A coffee, a telephone call, somebody at the door. */
  breaks: { everyMinutes: 75, minutes: [3, 20] },
  /** Their client is left open on the desk in a pause; otherwise it is closed, or the machine sleeps. */
  leftOpenInPause: 0.8,
  /** The client crashes once in a spell, and its user begins it again. */
  crash: { share: 0.06, minutes: [1, 15] },
  /** How a spell ends: the user stops the server, closes the client only, or walks away with the client open. */
  ends: { stopped: 0.6, closed: 0.2, 'left-open': 0.2 },
  /** A client that was left open runs for so long: until somebody is back at the desk, or the machine sleeps. */
  leftOpenMinutes: [30, 960],
  /** A job that runs overnight on a server of its own, and must live; its script mostly stops the server. */
  jobs: { share: 0.05, fromHour: 17, toHour: 20, minutes: [360, 780], stopped: 0.8 },
  /** No stretch of use is shorter. */
  leastUseMinutes: 5,
  /** Work is saved so often; a server that is taken away takes with it what came after. */
  savedEveryMinutes: 15,
} as const;

export type Habits = typeof HABITS;
export type HowItEnds = keyof Habits['ends'];
