/** Tabs (WAI-ARIA Authoring Practices, "Tabs"): arrows go from one to the next. */
import { type KeyboardEvent, type ReactElement, type ReactNode, useId } from "react";

type Props<T extends string> = {
  readonly tabs: readonly (readonly [T, string])[];
  readonly chosen: T;
  readonly onChoice: (tab: T) => void;
  /** Of the chosen one. */
  readonly children: ReactNode;
};

export function Tabs<T extends string>({
  tabs,
  chosen,
  onChoice,
  children,
}: Props<T>): ReactElement {
  const id = useId();
  const move = ({ key, currentTarget }: KeyboardEvent<HTMLElement>): void => {
    const step = STEPS[key];
    if (step === undefined) return;
    const index = tabs.findIndex(([each]) => each === chosen);
    const next = tabs[(index + step + tabs.length) % tabs.length];
    if (next === undefined) return;
    onChoice(next[0]);
    currentTarget.querySelector<HTMLElement>(`[data-tab="${next[0]}"]`)?.focus();
  };
  return (
    <>
      <div className="nav nav-tabs mb-3" role="tablist" tabIndex={-1} onKeyDown={move}>
        {tabs.map(([each, word]) => (
          <button
            key={each}
            type="button"
            role="tab"
            id={`${id}-${each}`}
            data-tab={each}
            aria-selected={each === chosen}
            aria-controls={`${id}-panel`}
            tabIndex={each === chosen ? 0 : -1}
            className={`nav-link${each === chosen ? " active" : ""}`}
            onClick={() => onChoice(each)}
          >
            {word}
          </button>
        ))}
      </div>
      <div role="tabpanel" id={`${id}-panel`} aria-labelledby={`${id}-${chosen}`} tabIndex={0}>
        {children}
      </div>
    </>
  );
}

const STEPS: { readonly [key: string]: number } = { ArrowLeft: -1, ArrowRight: 1 };
