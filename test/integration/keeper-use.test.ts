import { describe, expect, it } from 'vitest';
import { StorageUnavailableError } from '../../shared/errors.ts';
import { minutes, seconds } from '../builders.ts';
import { setStage, settled } from './keeper-stage.ts';
import { useTableDouble } from './store-fixture.ts';

const fixture = useTableDouble();

const IDLE_MINUTES = 10;

/** A session that falls idle in a second, unless it is used. */
const aboutToFallIdle = async () => {
  const stage = setStage(fixture);
  const keeper = stage.keeper();
  const sessionId = await stage.ready(keeper, { idleTimeoutMinutes: IDLE_MINUTES });
  await settled(stage);
  stage.now += minutes(IDLE_MINUTES) - seconds(1);
  await settled(stage);
  return { stage, keeper, sessionId };
};

describe('a look at a session that is reaped between the two reads of it', () => {
  it('is answered by what holds then: who is told that it runs has used it', async () => {
    const { stage, keeper, sessionId } = await aboutToFallIdle();
    // It can be read once more, and then no longer.
    let readsLeft = 1;
    let state: 'before' | 'reading' | 'reaped' = 'before';
    const other = stage.keeper({
      onTable: (table) => ({
        async get(partition, rowKey) {
          if (rowKey.startsWith('activity:') && state === 'reading') {
            state = 'reaped';
            await keeper.sweep();
          }
          if (rowKey.startsWith('session:') && state === 'reaped') {
            readsLeft -= 1;
            if (readsLeft < 0) throw new StorageUnavailableError('This read has failed.');
          }
          return table.get(partition, rowKey);
        },
      }),
    });
    await other.show(sessionId, false);
    // The upstream has the stop, and has not carried it out.
    stage.answers.stop = () => ({ type: 'accepted' });
    stage.now += seconds(1);
    state = 'reading';
    const { view } = await other.show(sessionId, true);
    expect(state).toBe('reaped');
    expect(view.session).toMatchObject({ desired: { state: 'stopped', because: 'idle' } });
  });
});

describe('a change of a session that is about to fall idle', () => {
  it.each([
    ['of its lease', { leaseMinutes: 90 }],
    ['of its wishes', { maxLifetimeMinutes: 300 }],
    ['of its tags', { tags: { team: 'red' } }],
  ])('%s is use: it is not reaped before another idle timeout has passed', async (_, change) => {
    const { stage, keeper, sessionId } = await aboutToFallIdle();
    await keeper.change(sessionId, change, true);
    stage.now += seconds(30);
    await stage.sweep([keeper], IDLE_MINUTES - 1);
    expect(await stage.live(sessionId)).toMatchObject({ desired: { state: 'running' } });
    await stage.sweep([keeper], 4);
    expect(await stage.session(sessionId)).toMatchObject({ status: 'Stopped', because: 'idle' });
  });

  it('is none where its client says so: it is reaped', async () => {
    const { stage, keeper, sessionId } = await aboutToFallIdle();
    await keeper.change(sessionId, { tags: { team: 'red' } }, false);
    stage.now += seconds(30);
    await stage.sweep([keeper], 2);
    expect(await stage.session(sessionId)).toMatchObject({ status: 'Stopped', because: 'idle' });
  });
});

describe('a change', () => {
  it('leaves a row of history that says what holds now', async () => {
    const stage = setStage(fixture);
    const keeper = stage.keeper();
    const sessionId = await stage.ready(keeper);
    const change = { keepAlive: true, idleTimeoutMinutes: null, maxLifetimeMinutes: 300 };
    await keeper.change(sessionId, change, true);
    const { events } = await fixture.rowsOf(await stage.live(sessionId));
    const changes = events.filter(({ columns }) => columns.kind === 'changed');
    expect(changes).toHaveLength(1);
    expect(changes[0]?.columns).toMatchObject({ because: 'client' });
    expect(JSON.parse(String(changes[0]?.columns.detail))).toEqual({ ...change, floorMinutes: 60 });
  });
});
