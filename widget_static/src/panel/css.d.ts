// The style sheets of late files are imported as minified text.
declare module "*.css" {
  const text: string;
  export default text;
}
