export { ERROR_CODES, type ErrorCode, HeadwaterError } from './headwater-error.ts';
