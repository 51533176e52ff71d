import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { dayStart, momentText, monthStart, readStamp, readTime, stampOf } from '../../bridge/hub/web/days.js';

const local = (...parts) => new Date(...parts).getTime();
const day = local(2026, 10, 21, 9);

describe('days', () => {
  it('begin at midnight, and months at the first', () => {
    assert.equal(dayStart(local(2026, 10, 21, 23, 59)), local(2026, 10, 21));
    assert.equal(dayStart(local(2026, 10, 30), 1), local(2026, 11, 1));
    assert.equal(monthStart(day), local(2026, 10, 1));
    assert.equal(monthStart(day, -11), local(2025, 11, 1));
  });
});

describe('readTime', () => {
  const cases = [
    ['15', 15], ['1502', 15, 2], ['15:02', 15, 2], ['3pm', 15], ['3:02 pm', 15, 2], ['150211', 15, 2, 11], ['15:02:11', 15, 2, 11],
    ['12am', 0], ['12 pm', 12], ['9', 9], ['930', 9, 30], [' 0815 ', 8, 15], ['3 P.M.', 15], ['7a', 7],
  ];
  for (const [text, ...time] of cases) {
    it(`takes ${text}`, () => assert.equal(readTime(text, day), local(2026, 10, 21, ...time)));
  }
  for (const text of ['', 'noon', '25', '15:60', '13pm', '0pm', '15:2', '99999999']) {
    it(`refuses "${text}"`, () => assert.equal(readTime(text, day), null));
  }
});

describe('stamps', () => {
  it('go both ways in UTC', () => {
    const time = Date.UTC(2026, 10, 21, 15, 2, 11);
    assert.equal(stampOf(time), '2026-11-21T15:02:11Z');
    assert.equal(readStamp('2026-11-21T15:02:11Z'), time);
    for (const bad of [undefined, '', 'yesterday', '2026-11-21']) assert.equal(readStamp(bad), null);
  });

  it('read as moments', () => {
    const time = local(2026, 10, 21, 15, 2, 11);
    assert.equal(momentText(time, day, 'en-GB'), 'Today 15:02:11');
    assert.equal(momentText(time, local(2026, 10, 22), 'en-GB'), 'Sat 21 Nov 15:02:11');
  });
});
