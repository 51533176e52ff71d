import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { LateClock, chase as chaseTo, targets } from '../../bridge/hub/web/edge.js';

const chase = (ahead, rate, first) => chaseTo(ahead, rate, first, targets.hub);

describe('chase', () => {
  it('leaves a picture near the edge alone', () => {
    assert.deepEqual(chase(0.8, 1, false), { rate: 1, skip: 0 });
  });

  it('plays 5 % faster over the target and until well below it', () => {
    assert.deepEqual(chase(1.5, 1, false), { rate: 1.05, skip: 0 });
    assert.deepEqual(chase(1.0, 1.05, false), { rate: 1.05, skip: 0 });
    assert.deepEqual(chase(0.85, 1.05, false), { rate: 1, skip: 0 });
  });

  it('jumps over twice the target', () => {
    const { rate, skip } = chase(4, 1.05, false);
    assert.deepEqual([rate, Number(skip.toFixed(3))], [1, 3.4]);
  });

  it('skips the wait since the last key frame at the start', () => {
    assert.ok(chase(2, 1, true).skip > 1);
  });

  it('keeps the delay within 2.5 s', () => {
    for (let ahead = 0; ahead < 20; ahead += 0.1) assert.ok(ahead - chase(ahead, 1, false).skip <= 2.5);
  });
});

describe('chase, direct', () => {
  it('keeps the delay under 0.6 s, and lands where the next picture is already there', () => {
    for (let ahead = 0; ahead < 5; ahead += 0.05) {
      const { rate, skip } = chaseTo(ahead, 1, false, targets.direct);
      const kept = ahead - skip;
      assert.ok(kept <= 0.6 && (skip === 0 || kept >= 0.15 - 1e-9), `${ahead} becomes ${kept}`);
      assert.equal(rate, ahead > 0.3 && skip === 0 ? 1.05 : 1);
    }
  });
});

describe('LateClock', () => {
  it('knows nothing before the first picture', () => {
    assert.equal(new LateClock().late(0, 1000), 0);
  });

  it('measures against the fastest way', () => {
    const clock = new LateClock();
    clock.arrived(0, 5300);
    clock.arrived(1000, 6000);
    clock.arrived(2000, 7900);
    assert.equal(clock.late(1000, 8000), 2);
  });

  it('counts a stream that stands still', () => {
    const clock = new LateClock();
    clock.arrived(1000, 6000);
    assert.equal(clock.late(1000, 9000), 3);
  });

  it('forgets a fast way after a minute, so that a slow camera clock does no harm', () => {
    const clock = new LateClock();
    clock.arrived(0, 0);
    for (let at = 1000; at <= 90000; at += 1000) clock.arrived(at, at + 500);
    assert.equal(clock.late(90000, 90500), 0);
  });
});
