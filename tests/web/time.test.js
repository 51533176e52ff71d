import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { clockTime, fileStamp, retryDelay, span } from '../../bridge/hub/web/time.js';

const now = new Date(2026, 10, 21, 16, 42, 8).getTime();

describe('clockTime', () => {
  it('shows the time alone for today', () => {
    assert.equal(clockTime(new Date(2026, 10, 21, 14, 20), now, 'en-GB'), '14:20');
  });

  it('adds the day when it is not today', () => {
    assert.equal(clockTime(new Date(2026, 10, 20, 14, 20), now, 'en-GB'), '20 Nov, 14:20');
  });

  it('adds the year when it is not this year', () => {
    assert.equal(clockTime(new Date(2025, 10, 20, 14, 20), now, 'en-GB'), '20 Nov 2025, 14:20');
  });

  it('reads RFC 3339 and shows nothing for an unreadable time', () => {
    assert.match(clockTime('2026-11-21T08:30:00.000Z', now, 'en-GB'), /\d\d:\d\d/);
    assert.equal(clockTime('yesterday', now), '');
  });
});

describe('span', () => {
  it('shows the two largest units', () => {
    const minute = 60000;
    const cases = [[-5, '0 s'], [40000, '40 s'], [33 * minute, '33 min'], [142 * minute, '2 h 22 min'], [120 * minute, '2 h'],
      [24 * 60 * minute, '1 day'], [76 * 60 * minute, '3 days 4 h']];
    for (const [ms, text] of cases) assert.equal(span(ms), text);
  });
});

describe('fileStamp', () => {
  it('sorts by time and has no colon', () => {
    assert.equal(fileStamp(now), '2026-11-21 16.42.08');
  });
});

describe('retryDelay', () => {
  it('doubles up to 15 s', () => {
    assert.deepEqual([0, 1, 2, 3, 4, 5].map(retryDelay), [1, 2, 4, 8, 15, 15]);
  });
});
