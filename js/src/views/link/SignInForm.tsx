import { useSignal } from '@preact/signals';
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';

interface SignInFormProps {
  /** The server's name, for people. */
  name: string;
  /** What went wrong before; empty: nothing. */
  problem: string;
  /** Rejects with why the token was not taken. */
  onToken(token: string): Promise<void>;
}

/** Asks for the access token, where the page holds nothing that lets it in. */
export function SignInForm({ name, problem, onToken }: SignInFormProps): JSX.Element {
  const wrong = useSignal(problem);
  const busy = useSignal(false);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const submit = async (event: Event): Promise<void> => {
    event.preventDefault();
    const token = input.current?.value.trim() ?? '';
    if (busy.value || token === '') return;
    busy.value = true;
    try {
      await onToken(token);
    } catch (error) {
      wrong.value = (error as Error).message;
      input.current?.select();
    } finally {
      busy.value = false;
    }
  };
  return (
    <section class="autobench ab-signin" aria-label={`Sign in to ${name}`}>
      <form method="post" action="login" onSubmit={submit}>
        <h2>Sign in to {name}</h2>
        {wrong.value && (
          <p class="ab-signin-problem" role="alert">
            {wrong.value}
          </p>
        )}
        <label for="access">Access token</label>
        <input ref={input} id="access" name="access" type="password" autocomplete="current-password" required />
        <button type="submit" class="ab-button" disabled={busy.value}>
          {busy.value ? 'Signing in …' : 'Sign in'}
        </button>
        <p class="ab-muted">
          The token is the value of <code>AUTOBENCH_TOKEN</code> where that was set; else the link that{' '}
          <code>autobench-nb serve</code> printed signs in once. In a notebook, <code>bench.serve().token</code> shows the
          token, and <i>Open page</i> in the dashboard signs in without it.
        </p>
      </form>
    </section>
  );
}
