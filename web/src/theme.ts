/* Mantine wears the tokens: one accent, no shades of its own. Where Mantine asks for ten shades of a colour, the token's
   light twin stands at 7 and its dark twin at 4, and the variables below point at the tokens themselves. */
import { createTheme, defaultVariantColorsResolver, type CSSVariablesResolver, type MantineColorsTuple } from '@mantine/core';

const awning: MantineColorsTuple = ['#e4f0ec', '#c6e0d9', '#9dcabf', '#74b5a6', '#4cc2ac', '#2a8c79', '#177767', '#0e6b5c', '#0a5448', '#063a32'];
const brick: MantineColorsTuple = ['#fbebe8', '#f5cfc9', '#ecaaa1', '#f0998d', '#ee8a7e', '#c95b50', '#bd463b', '#b3372c', '#912a21', '#6b1e17'];
const amber: MantineColorsTuple = ['#fbf1de', '#f4dfb8', '#edcc8d', '#e9c079', '#e5b567', '#c98f38', '#b7791f', '#8f5c0f', '#73490b', '#553607'];
const leaf: MantineColorsTuple = ['#e6f3ea', '#c9e4d2', '#a6d2b5', '#8fcca6', '#7cc79a', '#4d9a6b', '#3a885a', '#2f7d4f', '#2a7047', '#1c4d30'];

export const theme = createTheme({
  colors: { awning, brick, amber, leaf },
  primaryColor: 'awning',
  primaryShade: { light: 7, dark: 4 },
  autoContrast: true,
  // What stands on a filled colour follows the scheme; Mantine would settle it once, for the light one.
  variantColorResolver: (input) => {
    const colours = defaultVariantColorsResolver(input);
    return input.variant === 'filled' ? { ...colours, color: 'var(--on-awning)' } : colours;
  },
  fontFamily: 'var(--font)',
  fontFamilyMonospace: 'var(--mono)',
  headings: { fontFamily: 'var(--font)', fontWeight: '600' },
  fontSizes: { xs: '12px', sm: '13px', md: '14px', lg: '16px', xl: '20px' },
  spacing: { xs: '8px', sm: '12px', md: '16px', lg: '24px', xl: '32px' },
  radius: { xs: '4px', sm: '6px', md: '8px', lg: '12px', xl: '16px' },
  defaultRadius: 'md',
  cursorType: 'pointer',
  respectReducedMotion: true,
  focusRing: 'auto',
  components: {
    Button: { defaultProps: { size: 'sm' } },
    TextInput: { defaultProps: { size: 'sm' } },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true, transitionProps: { duration: 100 } } },
    Menu: { defaultProps: { transitionProps: { duration: 100 }, shadow: 'md' } },
    Popover: { defaultProps: { transitionProps: { duration: 100 }, shadow: 'md' } },
    Select: { defaultProps: { checkIconPosition: 'right', comboboxProps: { transitionProps: { duration: 100 } } } },
  },
});

const both = {
  '--mantine-color-body': 'var(--paper)',
  '--mantine-color-text': 'var(--ink)',
  '--mantine-color-dimmed': 'var(--ink-soft)',
  '--mantine-color-placeholder': 'var(--ink-soft)',
  '--mantine-color-anchor': 'var(--awning)',
  '--mantine-color-dark-6': 'var(--surface)', // fields in the dark
  '--mantine-color-dark-4': 'var(--line-strong)', // and their edges; in the light:
  '--mantine-color-gray-4': 'var(--line-strong)',
  '--mantine-color-default': 'var(--surface)',
  '--mantine-color-default-hover': 'var(--sunken)',
  '--mantine-color-default-color': 'var(--ink)',
  '--mantine-color-default-border': 'var(--line)',
  '--mantine-color-error': 'var(--brick)',
  '--mantine-color-disabled': 'var(--sunken)',
  '--mantine-color-disabled-color': 'var(--ink-soft)',
  '--mantine-color-disabled-border': 'var(--line)',
  '--mantine-primary-color-filled': 'var(--awning)',
  '--mantine-primary-color-filled-hover': 'var(--awning-deep)',
  '--mantine-primary-color-light': 'var(--awning-tint)',
  '--mantine-primary-color-light-hover': 'var(--awning-tint)',
  '--mantine-primary-color-light-color': 'var(--awning)',
  '--mantine-primary-color-contrast': 'var(--on-awning)',
  '--mantine-color-awning-filled': 'var(--awning)',
  '--mantine-color-awning-filled-hover': 'var(--awning-deep)',
  '--mantine-color-awning-light': 'var(--awning-tint)',
  '--mantine-color-awning-light-color': 'var(--awning)',
  '--mantine-color-awning-text': 'var(--awning)',
  '--mantine-color-awning-contrast': 'var(--on-awning)',
  '--mantine-color-brick-light': 'var(--brick-tint)',
  '--mantine-color-brick-light-color': 'var(--brick)',
  '--mantine-color-amber-light': 'var(--amber-tint)',
  '--mantine-color-amber-light-color': 'var(--amber)',
  '--mantine-color-leaf-light': 'var(--leaf-tint)',
  '--mantine-color-leaf-light-color': 'var(--leaf)',
  '--mantine-shadow-xs': 'var(--shadow)',
  '--mantine-shadow-sm': 'var(--shadow)',
  '--mantine-shadow-md': 'var(--shadow-raised)',
  '--mantine-shadow-lg': 'var(--shadow-raised)',
};

/* Read at build time (build.mjs writes the result into the stylesheet): the policy of the pages allows no style element. */
export const variables: CSSVariablesResolver = () => ({ variables: {}, light: both, dark: both });
