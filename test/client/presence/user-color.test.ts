import { userColor } from '@headwater/client';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { USER_COLORS } from '../../../client-sdk/src/presence/user-color.ts';
import { runs } from '../../support/soak.ts';

type Triple = readonly [number, number, number];

const WHITE = '#ffffff';
const DARK_PAGES = ['#000000', '#121212', '#1e1e1e'];

/** Linear light to linear light: Machado, Oliveira and Fernandes (2009), severity 1.0. */
const VISION: Readonly<Record<string, readonly [Triple, Triple, Triple]>> = {
  'sees all hues': [
    [1, 0, 0],
    [0, 1, 0],
    [0, 0, 1],
  ],
  'has no red cones': [
    [0.152286, 1.052583, -0.204868],
    [0.114503, 0.786281, 0.099216],
    [-0.003882, -0.048116, 1.051998],
  ],
  'has no green cones': [
    [0.367322, 0.860646, -0.227968],
    [0.280085, 0.672501, 0.047413],
    [-0.01182, 0.04294, 0.968881],
  ],
  'has no blue cones': [
    [1.255528, -0.076749, -0.178779],
    [-0.078411, 0.930809, 0.147602],
    [0.004733, 0.691367, 0.3039],
  ],
};

describe.each(USER_COLORS)('the colour %s', (color) => {
  test('is readable below white text and as text on white (WCAG AA)', () => {
    expect(contrast(color, WHITE)).toBeGreaterThanOrEqual(4.5);
  });

  test.each(DARK_PAGES)('stands out on a dark page of %s (WCAG 1.4.11)', (page) => {
    expect(contrast(color, page)).toBeGreaterThanOrEqual(3);
  });
});

test.each(Object.entries(VISION))('somebody who %s tells all of them apart', (_who, matrix) => {
  const seen = USER_COLORS.map((color) => oklab(through(matrix, linear(color))));
  const distances = seen.flatMap((a, index) => seen.slice(index + 1).map((b) => Math.hypot(...difference(a, b))));

  expect(Math.min(...distances)).toBeGreaterThan(0.06); // three times what a trained eye just notices side by side
});

test('the colour of a user is the same everywhere and for ever', () => {
  expect(['ada', 'bob', 'carol', '', '🙂'].map(userColor)).toMatchInlineSnapshot(`
    [
      "#e01000",
      "#e01000",
      "#b800f8",
      "#687000",
      "#687000",
    ]
  `);
});

test('users are spread over all colours, also those whose ids differ in a digit', () => {
  fc.assert(
    fc.property(fc.string(), (prefix) => {
      const used = new Set(Array.from({ length: 100 }, (_, index) => userColor(`${prefix}${index}`)));
      expect(used.size).toBe(USER_COLORS.length);
    }),
    { numRuns: runs(30) },
  );
});

function linear(color: string): Triple {
  const channel = (at: number): number => {
    const value = Number.parseInt(color.slice(at, at + 2), 16) / 255;
    return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
  };
  return [channel(1), channel(3), channel(5)];
}

/** WCAG 2.2, "contrast ratio". */
function contrast(one: string, other: string): number {
  const [dark = 0, light = 0] = [one, other]
    .map((color) => dot([0.2126, 0.7152, 0.0722], linear(color)))
    .sort((a, b) => a - b);
  return (light + 0.05) / (dark + 0.05);
}

function through(matrix: readonly [Triple, Triple, Triple], color: Triple): Triple {
  const seen = (row: Triple): number => Math.min(1, Math.max(0, dot(row, color)));
  return [seen(matrix[0]), seen(matrix[1]), seen(matrix[2])];
}

/** Ottosson (2020): a space in which distance is how different two colours look. */
function oklab(color: Triple): Triple {
  const cone = (row: Triple): number => Math.cbrt(dot(row, color));
  const cones: Triple = [
    cone([0.4122214708, 0.5363325363, 0.0514459929]),
    cone([0.2119034982, 0.6806995451, 0.1073969566]),
    cone([0.0883024619, 0.2817188376, 0.6299787005]),
  ];
  return [
    dot([0.2104542553, 0.793617785, -0.0040720468], cones),
    dot([1.9779984951, -2.428592205, 0.4505937099], cones),
    dot([0.0259040371, 0.7827717662, -0.808675766], cones),
  ];
}

function difference(a: Triple, b: Triple): Triple {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

function dot(a: Triple, b: Triple): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}
