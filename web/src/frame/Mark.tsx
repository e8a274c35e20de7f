/* The shop's awning: Kunde's mark. */
export function Mark({ size = 26 }: { size?: number }) {
  return (
    <svg className="mark" width={size} height={size} viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <path className="mark-awning" d="M6 5h20l3.500 9.500a3.600 3.600 0 0 1-6.700 2.300 4 4 0 0 1-6.800.100 4 4 0 0 1-6.800-.100 3.600 3.600 0 0 1-6.700-2.300z" />
      <path className="mark-stripe" d="M11.500 5h4.500v12.800a4 4 0 0 1-6.500-.800zM20.500 5H26l3.500 9.500a3.600 3.600 0 0 1-6.500 2.500z" />
      <path className="mark-counter" d="M6 21.500h20V27H6z" />
    </svg>
  );
}
