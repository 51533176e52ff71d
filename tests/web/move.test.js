import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { MoveLimits, Mover } from '../../bridge/hub/web/move.js';
import { FakeClock } from './fake-clock.js';

// A camera that a test answers for: `asked` are the commands, `answer` and `refuse` end the newest but stops.
function setUp() {
  const clock = new FakeClock();
  const asked = [];
  const failed = [];
  const moving = [];
  const camera = { reachable: true };
  const mover = new Mover({
    clock,
    ask(text, done, refused) {
      if (!camera.reachable) return false;
      const cmd = new URLSearchParams(text).get('cmd');
      asked.push(cmd);
      if (cmd !== 'ptz_stop') Object.assign(camera, { answer: (reply = '{"status":"0"}') => done(reply), refuse: refused });
      return true;
    },
    onChange: (direction) => moving.push(direction),
    onFail: (why) => failed.push(why),
  });
  return { clock, mover, camera, asked, failed, moving };
}

describe('moving a camera', () => {
  it('asks for a step, and for the next when the camera has answered', async () => {
    const { clock, mover, camera, asked, moving } = setUp();
    mover.hold('left');
    await clock.run(1000);
    assert.deepEqual(asked, ['ptz_left'], 'not again before the answer');
    camera.answer();
    await clock.run(0);
    assert.deepEqual(asked, ['ptz_left', 'ptz_left'], 'at once: it took long');
    camera.answer('done');
    await clock.run(MoveLimits.every - 1);
    assert.equal(asked.length, 2);
    await clock.run(1);
    assert.equal(asked.length, 3, 'at most four a second');
    mover.release();
    assert.deepEqual(asked.slice(3), ['ptz_stop']);
    assert.deepEqual(moving, ['left', null]);
    camera.answer();
    await clock.run(5000);
    assert.equal(asked.length, 4);
  });

  it('has a word for each direction', () => {
    const { mover, asked } = setUp();
    for (const direction of ['left', 'right', 'up', 'down', 'in', 'out']) mover.hold(direction);
    mover.release();
    assert.deepEqual(asked.filter((cmd) => cmd !== 'ptz_stop'),
      ['ptz_left', 'ptz_right', 'ptz_up', 'ptz_down', 'ptz_zoom_in', 'ptz_zoom_out']);
    assert.equal(asked.filter((cmd) => cmd === 'ptz_stop').length, 6);
  });

  it('stops after 10 s, whoever still holds', async () => {
    const { clock, mover, camera, asked, moving } = setUp();
    mover.hold('up');
    for (let ms = 0; ms < MoveLimits.hold; ms += 50) {
      camera.answer();
      await clock.run(50);
    }
    assert.equal(asked.at(-1), 'ptz_stop');
    assert.deepEqual(moving, ['up', null]);
    const count = asked.length;
    await clock.run(5000);
    assert.equal(asked.length, count);
  });

  it('makes one step of a key press', async () => {
    const { clock, mover, asked, moving } = setUp();
    mover.step('down');
    await clock.run(MoveLimits.every);
    assert.deepEqual(asked, ['ptz_down', 'ptz_stop']);
    assert.deepEqual(moving, ['down', null]);
  });

  it('says why the camera does not move', async () => {
    for (const [end, why] of [
      [(camera) => camera.refuse(409), 'end'], [(camera) => camera.answer('{"status":"1"}'), 'end'],
      [(camera) => camera.refuse(404), 'unknown'], [(camera) => camera.refuse(501), 'unknown'],
      [(camera) => camera.refuse(500), 'silent'],
    ]) {
      const { mover, camera, asked, failed, moving } = setUp();
      mover.hold('left');
      end(camera);
      assert.deepEqual(failed, [why]);
      assert.deepEqual(asked, ['ptz_left', 'ptz_stop']);
      assert.deepEqual(moving, ['left', null]);
    }
  });

  it('gives up on a camera that does not answer, also after the release', async () => {
    const { clock, mover, camera, failed, moving } = setUp();
    mover.hold('left');
    await clock.run(MoveLimits.answer);
    assert.deepEqual(failed, ['silent']);
    assert.deepEqual(moving, ['left', null]);
    const late = camera.answer;
    mover.hold('left');
    late();
    mover.release();
    await clock.run(MoveLimits.answer);
    assert.deepEqual(failed, ['silent', 'silent']);
    camera.reachable = false;
    mover.hold('left');
    assert.deepEqual(failed, ['silent', 'silent', 'silent']);
    await clock.run(20000);
    assert.equal(failed.length, 3, 'each once');
  });

  it('goes on with the newest of two directions', async () => {
    const { clock, mover, camera, asked } = setUp();
    mover.hold('left');
    const { answer } = camera;
    mover.hold('right');
    mover.hold('right');
    answer();
    await clock.run(1000);
    assert.deepEqual(asked, ['ptz_left', 'ptz_stop', 'ptz_right']);
    camera.answer();
    await clock.run(0);
    assert.equal(asked.at(-1), 'ptz_right');
  });
});
