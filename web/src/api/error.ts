/** The one kind of failure that calls of the API throw. */
export class ApiError extends Error {
  /**
   * @param status HTTP status; 0 if the server could not be reached
   * @param code the API's word, such as `VALIDATION_FAILED`; `UNREACHABLE` if there was no answer
   * @param message what to show, in the language of the page
   */
  constructor(
    readonly status: number,
    readonly code: string,
    message: string,
  ) {
    super(message);
    this.name = "ApiError";
  }

  /** Whether no answer came at all. */
  get isUnreachable(): boolean {
    return this.status === 0;
  }

  /** What an answer that is no success says, however it says it. */
  static async of(response: Response): Promise<ApiError> {
    const body: unknown = await response.clone().json().catch(() => undefined);
    const { code, message } = (body ?? {}) as { code?: unknown; message?: unknown };
    return new ApiError(
      response.status,
      typeof code === "string" ? code : `HTTP_${response.status}`,
      typeof message === "string" ? message : `HTTP ${response.status} ${response.statusText}`.trim(),
    );
  }
}

/** What to show of anything that was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}
